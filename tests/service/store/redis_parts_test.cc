// The pure parts of the Redis store: keys, replies, scripts.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/scan_cursor.h"
#include "service/store/redis/scripts.h"
#include "service/store/redis/slots.h"

namespace waymark::store {
namespace {

TEST(RedisSlotsTest, AreThoseOfTheSpecification) {
  // By `redis-cli cluster keyslot`.
  const struct {
    absl::string_view key;
    int slot;
  } cases[] = {{"", 0},
               {"123456789", 12739},
               {"foo", 12182},
               {"{foo}", 12182},
               {"a{foo}b{bar}", 12182},
               {"foo{}{bar}", 8363},
               {"foo{{bar}}zap", 4015},
               {"{bar", 4015},
               {"a}{foo}", 12182}};
  for (const auto& it : cases) EXPECT_EQ(SlotOf(it.key), it.slot) << it.key;
}

TEST(RedisSlotsTest, EachBucketIsInItsOwnSlots) {
  std::set<absl::string_view> tags;
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    tags.insert(TagOf(bucket));
    for (const std::string& key : {ChangesKey("sh}op", bucket), LogKey("s{h}op", bucket)}) {
      EXPECT_EQ(SlotOf(key) / kSlotsPerBucket, bucket) << key;
      EXPECT_EQ(SlotOf(key), SlotOf(TagOf(bucket))) << key;
    }
  }
  EXPECT_EQ(tags.size(), size_t{kBuckets});
}

TEST(RedisSlotsTest, BucketsAreEvenAndPinned) {
  std::vector<int> sizes(kBuckets);
  for (int i = 0; i < 256'000; ++i) ++sizes[static_cast<size_t>(BucketOf(absl::StrCat("c", i)))];
  EXPECT_GT(*std::min_element(sizes.begin(), sizes.end()), 850);
  EXPECT_LT(*std::max_element(sizes.begin(), sizes.end()), 1150);
  EXPECT_EQ(BucketOf("c1"), 249);
  EXPECT_EQ(BucketOf(""), 0x99) << "XXH64 of nothing ends so";
}

TEST(RedisKeysTest, AreWhatIsStored) {
  EXPECT_EQ(RedisProfileKey({"shop", "c1"}), "wm:{220}:p:shop/c1");
  EXPECT_EQ(RedisProfileKey({"shop", "a/{b}"}).substr(7), "}:p:shop/a/{b}");
  EXPECT_EQ(ProfilePattern("s*[p]?\\"), "wm:{???}:p:s\\*\\[p\\]\\?\\\\/*");
  EXPECT_EQ(RecordsKey("playbook"), "wm:{r/playbook}");
  EXPECT_EQ(ChangesKey("shop", 85), "wm:{011}:c:shop");
  EXPECT_EQ(LogKey("shop", 85), "wm:{011}:d:shop");
}

TEST(RedisKeysTest, WhatAScriptChangesTogetherSharesASlot) {
  for (const std::string& customer : {std::string("c1"), std::string("}{"), std::string("{}"), std::string("a/b")}) {
    EXPECT_EQ(SlotOf(RedisProfileKey({"s}p", customer})), SlotOf(ChangesKey("s}p", BucketOf(customer))));
  }
  const BudgetKey budget{"s{}p", "stock", 86400};
  const uint16_t slot = SlotOf(BudgetAccountKey(budget));
  EXPECT_EQ(slot, SlotOf(BudgetServerKey(budget.tenant)));
  EXPECT_EQ(slot, SlotOf(BudgetAccountKey({"s{}p", "vouchers", 0})));
  EXPECT_EQ(slot, SlotOf(BudgetHoldKey(budget.tenant, "d1")));
  EXPECT_EQ(SlotOf(LayoutKey()), SlotOf(LayoutWitnessKey()));
}

TEST(RedisKeysTest, GiveTheCustomerBack) {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte.push_back(static_cast<char>(c));
  for (const std::string& customer : {std::string("c1"), every_byte, std::string("}:p"), std::string("%7D")}) {
    const std::string key = RedisProfileKey({"s*p", customer});
    EXPECT_EQ(CustomerOf("s*p", key), customer);
    EXPECT_EQ(CustomerOf("shop", key), absl::nullopt);
  }
}

TEST(RedisKeysTest, RefuseWhatIsNotAKey) {
  for (const char* key : {"", "wm:{", "wm:{01", "wm:{011}:p:", "wm:{011}:p:shop", "wm:{011}:p:shop/", "wm:{011}:c:shop",
                          "wm:{011}:d:shop/c", "wm:{shop/c1}:p"}) {
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
