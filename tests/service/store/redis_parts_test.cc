// The pure parts of the Redis store: keys, replies, scripts.

#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/scan_cursor.h"
#include "service/store/redis/scripts.h"
#include "service/store/redis/slot_map.h"
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

// A reply as hiredis gives it, from a text: "[" replies "]", ":1" a number, "$text", "_" nil.
class Replies {
 public:
  redisReply& Of(absl::string_view text) {
    words_ = absl::StrSplit(text, ' ', absl::SkipEmpty());
    at_ = 0;
    return Next();
  }

 private:
  redisReply& Next() {
    redisReply& reply = replies_.emplace_back();
    const std::string& word = texts_.emplace_back(words_.at(at_++));
    if (word == "[") {
      std::vector<redisReply*>& elements = elements_.emplace_back();
      while (words_.at(at_) != "]") elements.push_back(&Next());
      ++at_;
      reply = {.type = REDIS_REPLY_ARRAY, .elements = elements.size(), .element = elements.data()};
    } else if (word[0] == ':') {
      reply = {.type = REDIS_REPLY_INTEGER, .integer = std::stoll(word.substr(1))};
    } else if (word == "_") {
      reply = {.type = REDIS_REPLY_NIL};
    } else {
      reply = {.type = REDIS_REPLY_STRING, .len = word.size() - 1, .str = texts_.back().data() + 1};
    }
    return reply;
  }

  std::vector<std::string> words_;
  size_t at_ = 0;
  std::deque<redisReply> replies_;
  std::deque<std::string> texts_;
  std::deque<std::vector<redisReply*>> elements_;
};

const Endpoint kAsked{"asked", 7000};

TEST(RedisSlotMapTest, ReadsTheShardsAndTheirReplicas) {
  Replies replies;
  const auto shards = ShardsIn(
      replies.Of("[ [ :5461 :16383 [ $10.0.0.2 :7001 $idb ] ] [ :0 :99 [ _ :7000 $ida ] [ $h :7003 $idc [ ] ] ]"
                 "  [ :101 :5460 [ $ :7000 $ida ] [ $h :7003 $idc [ ] ] ] [ :100 :100 [ $10.0.0.2 :7001 $idb ] ] ]"),
      kAsked);
  ASSERT_TRUE(shards.ok()) << shards.status();
  EXPECT_EQ(*shards,
            (std::vector<Shard>{{.master = {"asked", 7000}, .replicas = {{"h", 7003}}, .slots = {{0, 99}, {101, 5460}}},
                                {.master = {"10.0.0.2", 7001}, .slots = {{100, 100}, {5461, 16383}}}}));
  EXPECT_TRUE(ShardsIn(replies.Of("[ ]"), kAsked)->empty());
  for (const char* odd : {"$x", "[ :1 ]", "[ [ :0 :1 ] ]", "[ [ :0 :16384 [ $h :1 $i ] ] ]", "[ [ :0 :1 [ $h ] ] ]",
                          "[ [ $0 :1 [ $h :1 $i ] ] ]", "[ [ :0 :1 $h ] ]"}) {
    EXPECT_EQ(ShardsIn(replies.Of(odd), kAsked).status().code(), absl::StatusCode::kInternal) << odd;
  }
}

TEST(RedisSlotMapTest, ReadsRedirections) {
  EXPECT_EQ(RedirectIn("MOVED 3999 127.0.0.1:6381", kAsked), (Redirect{false, 3999, {"127.0.0.1", 6381}}));
  EXPECT_EQ(RedirectIn("ASK 0 ::1:6381", kAsked), (Redirect{true, 0, {"::1", 6381}}));
  EXPECT_EQ(RedirectIn("MOVED 16383 :6381", kAsked), (Redirect{false, 16383, {"asked", 6381}}));
  for (const char* other : {"", "MOVED", "MOVED 1", "MOVED 16384 h:1", "MOVED x h:1", "MOVED 1 h", "MOVED 1 h:x",
                            "TRYAGAIN 1 h:1", "ERR MOVED 1 h:1"}) {
    EXPECT_EQ(RedirectIn(other, kAsked), absl::nullopt) << other;
  }
}

TEST(RedisSlotMapTest, ReadsWhatAServerHasAndGivesAway) {
  constexpr absl::string_view kOther = "id2 127.0.0.1:30002@31002 master - 0 1426238316232 2 connected 5461-10922\n";
  constexpr absl::string_view kSelf = "id1 127.0.0.1:30001@31001,h myself,master - 0 0 1 connected";
  const struct {
    absl::string_view slots;
    OwnSlots own;
  } cases[] = {
      {"", {}},
      {" 0-5460", {.slots = {{0, 5460}}}},
      {" 0-99 101 103-104", {.slots = {{0, 99}, {101, 101}, {103, 104}}}},
      {" 0-99 [7->-id2]", {.slots = {{0, 99}}, .leaving = true}},
      {" 0-99 [5461-<-id2]", {.slots = {{0, 99}}}},
      {" 0-99\r", {.slots = {{0, 99}}}},
  };
  for (const auto& it : cases) {
    EXPECT_EQ(OwnSlotsIn(absl::StrCat(kOther, kSelf, it.slots, "\n")), it.own) << it.slots;
    EXPECT_EQ(OwnSlotsIn(absl::StrCat(kSelf, it.slots, "\n", kOther)), it.own) << it.slots;
  }
  for (absl::string_view odd : {absl::string_view(""), kOther}) EXPECT_EQ(OwnSlotsIn(odd), absl::nullopt) << odd;
  EXPECT_EQ(OwnSlotsIn(absl::StrCat(kSelf, " 0-x")), absl::nullopt);
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
      {"TRYAGAIN Multiple keys request during rehashing of slot", absl::StatusCode::kAborted},
      {"CLUSTERDOWN The cluster is down", absl::StatusCode::kUnavailable},
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
