// The pure parts of the Redis store: keys, replies, scripts.

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/scripts.h"

namespace waymark::store {
namespace {

TEST(RedisKeysTest, AreWhatIsStored) {
  EXPECT_EQ(ProfileKey({"shop", "c1"}), "wm:{shop/c1}:p");
  EXPECT_EQ(ProfileKey({"shop", "a/b"}), "wm:{shop/a/b}:p");
  EXPECT_EQ(ProfileKey({"s*p", "{a}%[?]\\"}), "wm:{s%2Ap/%7Ba%7D%25%5B%3F%5D%5C}:p");
  EXPECT_EQ(ProfilePattern("s*p"), "wm:{s%2Ap/*}:p");
  EXPECT_EQ(RecordsKey("playbook"), "wm:{r/playbook}");
}

TEST(RedisKeysTest, GiveTheCustomerBack) {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte.push_back(static_cast<char>(c));
  for (const std::string& customer : {std::string("c1"), every_byte, std::string("}:p"), std::string("%7D")}) {
    const std::string key = ProfileKey({"s*p", customer});
    EXPECT_EQ(CustomerOf("s*p", key), customer);
    EXPECT_EQ(CustomerOf("shop", key), absl::nullopt);
  }
}

TEST(RedisKeysTest, RefuseWhatIsNotAKey) {
  for (const char* key : {"", "wm:{shop/c", "wm:{shop/c}:q", "wm:{shop/%}:p", "wm:{shop/%2}:p", "wm:{shop/%zz}:p"}) {
    EXPECT_EQ(CustomerOf("shop", key), absl::nullopt) << key;
  }
}

TEST(RedisRepliesTest, CommandsAreFormatted) {
  EXPECT_EQ(FormatCommand({"SET", "k", absl::string_view("\0\r\n", 3)}),
            std::string("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n\0\r\n\r\n", 29));
}

TEST(RedisRepliesTest, ErrorsHaveACodeAndKeepKeysToThemselves) {
  const struct {
    std::string text;
    absl::StatusCode code;
  } cases[] = {
      {"OOM command not allowed when used memory > 'maxmemory'.", absl::StatusCode::kResourceExhausted},
      {"MISCONF Redis is configured to save RDB snapshots", absl::StatusCode::kUnavailable},
      {"READONLY You can't write against a read only replica.", absl::StatusCode::kUnavailable},
      {"LOADING Redis is loading the dataset in memory", absl::StatusCode::kUnavailable},
      {"NOAUTH Authentication required.", absl::StatusCode::kUnavailable},
      {"WRONGTYPE Operation against a key", absl::StatusCode::kDataLoss},
      {"NOSCRIPT No matching script.", absl::StatusCode::kNotFound},
      {"ERR something about wm:{shop/secret}:p", absl::StatusCode::kInternal},
      {"secret", absl::StatusCode::kInternal},
      {"", absl::StatusCode::kInternal},
  };
  for (const auto& it : cases) {
    std::string text = it.text;
    redisReply reply{};
    reply.type = REDIS_REPLY_ERROR;
    reply.str = text.data();
    reply.len = text.size();
    const absl::Status status = StatusOf(reply);
    EXPECT_EQ(status.code(), it.code) << it.text;
    EXPECT_FALSE(absl::StrContains(status.message(), "secret")) << status;
  }
  redisReply fine{};
  fine.type = REDIS_REPLY_STATUS;
  EXPECT_TRUE(StatusOf(fine).ok());
}

TEST(RedisScriptsTest, AreNamedByTheirSha1) {
  EXPECT_EQ(Script("return 1").sha, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

}  // namespace
}  // namespace waymark::store
