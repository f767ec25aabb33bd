// What keeps a Redis that is slow or silent from slowing who asks: the breaker, and the budgets of hedges and repeats,
// as values; and a real Redis that is stopped.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "service/store/redis/breaker.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/latency_quantile.h"
#include "service/store/redis/redis_store.h"
#include "service/store/redis/token_bucket.h"
#include "tests/service/store/contract_subjects.h"
#include "tests/support/outcome.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_calls.h"

namespace waymark::store {
namespace {

using testing_support::GetNow;
using testing_support::LoadManyNow;
using testing_support::LoadNow;
using testing_support::Outcome;
using testing_support::PutNow;
using testing_support::RedisServer;
using testing_support::Soon;
using testing_support::StateWatch;
using testing_support::UpdateNow;
using testing_support::Write;

constexpr absl::Duration kLong = absl::Milliseconds(40);

Breaker After(int timeouts) {
  Breaker breaker;
  for (int i = 0; i < timeouts; ++i) breaker.TimedOut(kLong);
  return breaker;
}

TEST(BreakerTest, OpensAfterTimeoutsInARow) {
  EXPECT_FALSE(Breaker().open());
  EXPECT_FALSE(After(Breaker::kFailures - 1).open());
  EXPECT_TRUE(After(Breaker::kFailures).open());
  Breaker answers = After(Breaker::kFailures - 1);
  answers.Answered();
  for (int i = 1; i < Breaker::kFailures; ++i) answers.TimedOut(kLong);
  EXPECT_FALSE(answers.open());
}

TEST(BreakerTest, NobodyOpensItByBeingImpatient) {
  Breaker breaker;
  for (int i = 0; i < 1000; ++i) breaker.TimedOut(Breaker::kMinPatience - absl::Nanoseconds(1));
  EXPECT_FALSE(breaker.open());
}

TEST(BreakerTest, ClosesWithAProbeThatIsAsFastAsWasWanted) {
  Breaker breaker = After(Breaker::kFailures);
  breaker.Answered();
  EXPECT_TRUE(breaker.open()) << "somebody more patient was answered";
  breaker.ProbeAnswered(kLong + absl::Milliseconds(1));
  EXPECT_TRUE(breaker.open());
  breaker.ProbeAnswered(kLong);
  EXPECT_FALSE(breaker.open());
  for (int i = 1; i < Breaker::kFailures; ++i) breaker.TimedOut(kLong);
  EXPECT_FALSE(breaker.open()) << "it counts anew";
}

TEST(BreakerTest, OpensWithAProbeThatWasNotAnswered) {
  Breaker breaker;
  breaker.ProbeAnswered(absl::Seconds(100));
  EXPECT_FALSE(breaker.open());
  breaker.ProbeMissed(absl::Seconds(1));
  EXPECT_TRUE(breaker.open());
  breaker.ProbeAnswered(absl::Milliseconds(900));
  EXPECT_FALSE(breaker.open());
}

TEST(TokenBucketTest, IsAShareOfTheRequests) {
  for (double share : {0.05, 0.2}) {
    TokenBucket bucket(share, 100, 0);
    int taken = 0;
    for (int i = 0; i < 10'000; ++i) {
      bucket.Earn();
      taken += bucket.TryTake() ? 1 : 0;
    }
    EXPECT_NEAR(taken, share * 10'000, 1) << share;
  }
}

TEST(TokenBucketTest, KeepsSoManyAndNoMore) {
  TokenBucket bucket(0.2, 3, 2);
  EXPECT_TRUE(bucket.TryTake());
  EXPECT_TRUE(bucket.TryTake());
  EXPECT_FALSE(bucket.TryTake());
  for (int i = 0; i < 1000; ++i) bucket.Earn();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.TryTake());
  EXPECT_FALSE(bucket.TryTake());
}

TEST(LatencyQuantileTest, FindsTheQuantileFromAbove) {
  LatencyQuantile usual(0.95, absl::Milliseconds(5));
  // 0.1 ms to 1 ms, evenly, in an order that is none.
  for (int i = 0; i < 50'000; ++i) usual.Add(absl::Microseconds(100 + i * 7919 % 900));
  EXPECT_NEAR(absl::ToDoubleMicroseconds(usual.value()), 955, 60);
}

TEST(LatencyQuantileTest, FollowsAndIsNotMovedFarByAPause) {
  LatencyQuantile usual(0.95, absl::Milliseconds(1));
  for (int i = 0; i < 100; ++i) usual.Add(absl::Milliseconds(100));
  EXPECT_LT(usual.value(), absl::Milliseconds(2));
  for (int i = 0; i < 2'000; ++i) usual.Add(absl::Milliseconds(100));
  EXPECT_NEAR(absl::ToDoubleMilliseconds(usual.value()), 100, 3);
  LatencyQuantile none(0.95, absl::Milliseconds(1));
  for (int i = 0; i < 1'000'000; ++i) none.Add(false);
  EXPECT_GT(none.value(), absl::ZeroDuration());
  for (int i = 0; i < 1'000'000; ++i) none.Add(true);
  EXPECT_LE(none.value(), absl::Seconds(1));
}

class RedisFaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = RedisServer::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    options_.port = server_->port();
  }

  std::unique_ptr<RedisStore> Connect() {
    auto store = std::make_unique<RedisStore>(watch_.Watching(options_));
    EXPECT_TRUE(watch_.WaitForConnected()) << watch_.last();
    return store;
  }

  uint64_t Calls(absl::string_view command) {
    const std::string stats = server_->Command({"INFO", "commandstats"}).value_or("");
    const std::vector<std::string> parts = absl::StrSplit(stats, absl::StrCat("cmdstat_", command, ":calls="));
    uint64_t calls = 0;
    if (parts.size() == 2) {
      EXPECT_TRUE(absl::SimpleAtoi(parts[1].substr(0, parts[1].find(',')), &calls));
    }
    return calls;
  }

  std::unique_ptr<RedisServer> server_;
  RedisOptions options_;
  StateWatch watch_;
};

TEST_F(RedisFaultsTest, WhoAsksASilentRedisIsToldAtOnceAfterAFewTimeouts) {
  auto store = Connect();
  server_->Pause();
  for (int i = 0; i < Breaker::kFailures; ++i) {
    EXPECT_EQ(LoadNow(*store, {"shop", "c1"}, absl::Now() + absl::Milliseconds(20)).status().code(),
              absl::StatusCode::kDeadlineExceeded);
  }
  ASSERT_TRUE(watch_.WaitForDisconnected());
  EXPECT_EQ(LoadNow(*store, {"shop", "c1"}, absl::InfiniteFuture()).status(),
            absl::UnavailableError("redis does not answer in time"));
  EXPECT_EQ(options_.metrics->value(RedisMetrics::kBreakerOpened), 1u);
  EXPECT_EQ(options_.metrics->value(RedisMetrics::kRefused), 1u);
  server_->Continue();
  ASSERT_TRUE(watch_.WaitForConnected());
  EXPECT_TRUE(LoadNow(*store, {"shop", "c1"}).ok());
}

// More than sockets hold: the rest waits in the store, and is not sent once nobody waits for it.
TEST_F(RedisFaultsTest, WhatExpiresBeforeItIsSentIsNeverSent) {
  auto store = Connect();
  constexpr int kPuts = 60;
  const std::string value(1 << 20, 'x');
  server_->Pause();
  std::vector<Outcome<absl::StatusOr<uint64_t>>> puts(kPuts);
  const absl::Time deadline = absl::Now() + absl::Milliseconds(500);
  for (int i = 0; i < kPuts; ++i) {
    store->Put(absl::StrCat("test/r", i), value, 0, deadline, puts[static_cast<size_t>(i)].Callback());
  }
  for (auto& put : puts) EXPECT_EQ(put.Wait()->status().code(), absl::StatusCode::kDeadlineExceeded);
  server_->Continue();
  ASSERT_TRUE(watch_.WaitForConnected());
  ASSERT_TRUE(PutNow(*store, "test/last", "x", 0, Soon()).ok());
  const uint64_t unsent = options_.metrics->value(RedisMetrics::kExpiredUnsent);
  EXPECT_GT(unsent, 10u);
  EXPECT_EQ(Calls("evalsha"), kPuts + 1 - unsent);
}

TEST_F(RedisFaultsTest, WhatWaitsForTheSocketIsSentInTheEnd) {
  auto store = Connect();
  const std::string value(1 << 20, 'x');
  server_->Pause();
  std::vector<Outcome<absl::StatusOr<uint64_t>>> puts(30);
  for (size_t i = 0; i < puts.size(); ++i) store->Put(absl::StrCat("test/r", i), value, 0, Soon(), puts[i].Callback());
  server_->Continue();
  for (auto& put : puts) EXPECT_TRUE(put.Wait()->ok()) << put.Wait()->status();
  // ... or is answered, where the connection is lost.
  server_->Pause();
  std::vector<Outcome<absl::StatusOr<uint64_t>>> more(30);
  for (size_t i = 0; i < more.size(); ++i) store->Put(absl::StrCat("test/s", i), value, 0, Soon(), more[i].Callback());
  server_->Kill();
  for (auto& put : more) EXPECT_EQ(put.Wait()->status().code(), absl::StatusCode::kUnavailable) << put.Wait()->status();
}

// As if an answer was taken for that to another question.
TEST_F(RedisFaultsTest, AnotherCustomersValueIsDamaged) {
  auto store = Connect();
  const std::vector<std::string> customers = {"c1", "c2"};
  for (const std::string& customer : customers) {
    ASSERT_TRUE(UpdateNow(*store, {"shop", customer}, Write(segmentation::Profile())).ok());
    ASSERT_TRUE(PutNow(*store, absl::StrCat("test/", customer), "value", 0, Soon()).ok());
  }
  const std::string key = RedisProfileKey({"shop", "c2"});
  ASSERT_TRUE(server_->Command({"COPY", RedisProfileKey({"shop", "c1"}), key, "REPLACE"}).ok());
  EXPECT_TRUE(LoadNow(*store, {"shop", "c1"}).ok());
  EXPECT_EQ(LoadNow(*store, {"shop", "c2"}).status().code(), absl::StatusCode::kDataLoss);
  const auto many = LoadManyNow(*store, "shop", customers);
  ASSERT_TRUE(many.ok()) << many.status();
  EXPECT_EQ(many->Decode(0)->revision, 1u);
  EXPECT_EQ(many->Decode(1).status().code(), absl::StatusCode::kDataLoss);
  ASSERT_TRUE(server_
                  ->Command({"EVAL", "return redis.call('HSET', KEYS[1], 'c2', redis.call('HGET', KEYS[1], 'c1'))", "1",
                             RecordsKey("test")})
                  .ok());
  EXPECT_TRUE(GetNow(*store, "test/c1").ok());
  EXPECT_EQ(GetNow(*store, "test/c2").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace waymark::store
