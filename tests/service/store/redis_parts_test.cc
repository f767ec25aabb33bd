// The pure parts of the Redis store: keys, replies, scripts.

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/scan_cursor.h"
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
  EXPECT_EQ(Script("return 1", 0).sha, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

// What Redis says after the step over bucket `bucket` (in the order of the visit) of a table of 2^bits.
ScanCursor EndOfStep(uint64_t bucket, int bits) {
  uint64_t cursor = 0;  // the next bucket's number, its bits reversed
  for (int i = 0; i < bits; ++i) cursor |= ((bucket + 1) >> i & 1) << (bits - 1 - i);
  return *ScanCursor::Parse(absl::StrCat(cursor));
}

TEST(ScanCursorTest, RisesWithEachStepAndIsTheSameInATableOfAnySize) {
  for (int bits = 1; bits <= 8; ++bits) {
    ScanCursor before;
    for (uint64_t bucket = 0; bucket + 1 < uint64_t{1} << bits; ++bucket) {
      const ScanCursor end = EndOfStep(bucket, bits);
      EXPECT_FALSE(end.AtEnd());
      EXPECT_TRUE(end.Reaches(end));
      EXPECT_TRUE(end.Reaches(before));
      EXPECT_EQ(before.Reaches(end), before.AtEnd()) << "0 is the beginning, and the end";
      EXPECT_EQ(end, EndOfStep(2 * bucket + 1, bits + 1)) << "the same place in a table that grew";
      before = end;
    }
    EXPECT_TRUE(EndOfStep((uint64_t{1} << bits) - 1, bits).AtEnd());
  }
}

// A step from before a cursor to beyond it is only possible in a table with larger buckets, and is never taken for
// another.
TEST(ScanCursorTest, KnowsStepsThatCannotStraddle) {
  constexpr int kMaxBits = 6;
  for (int until_bits = 1; until_bits <= kMaxBits; ++until_bits) {
    for (uint64_t until = 0; until + 1 < uint64_t{1} << until_bits; ++until) {
      const uint64_t until_place = (until + 1) << (kMaxBits - until_bits);
      for (int bits = 1; bits <= kMaxBits; ++bits) {
        bool known = false;
        for (uint64_t bucket = 0; bucket + 1 < uint64_t{1} << bits; ++bucket) {
          const uint64_t begin = bucket << (kMaxBits - bits);
          const uint64_t end = (bucket + 1) << (kMaxBits - bits);
          const bool fine = EndOfStep(bucket, bits).AtLeastAsFineAs(EndOfStep(until, until_bits));
          known = known || fine;
          EXPECT_FALSE(fine && begin < until_place && until_place < end);
        }
        EXPECT_TRUE(known || bits < until_bits) << "one of the steps of a table as fine says so";
      }
    }
  }
}

TEST(ScanCursorTest, RefusesWhatIsNoCursor) {
  for (absl::string_view text : {"x", "-1", "1 ", "18446744073709551616"}) {
    EXPECT_FALSE(ScanCursor::Parse(text).has_value()) << text;
  }
  EXPECT_TRUE(ScanCursor::Parse("18446744073709551615").has_value());
}

}  // namespace
}  // namespace waymark::store
