// What budgets in Redis promise beyond the contract: replicas, restarts, forgetfulness.

#include "service/store/redis/redis_budget_store.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/slots.h"
#include "tests/service/store/contract_subjects.h"
#include "tests/support/outcome.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_calls.h"

namespace waymark::store {
namespace {

using testing_support::Outcome;
using testing_support::RedisServer;
using testing_support::Soon;
using testing_support::StateWatch;

const BudgetKey kKey{"shop", "stock", 0};
const std::string kAccount = BudgetAccountKey(kKey);

class RedisBudgetTest : public testing::Test {
 protected:
  void Serve(RedisServer::Options options = {}) {
    auto server = RedisServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  void Connect(const RedisBudgetStore::Times& times) {
    RedisOptions options{.port = server_->port()};
    options.max_backoff = absl::Milliseconds(50);
    store_ = std::make_unique<RedisBudgetStore>(watch_.Watching(std::move(options)), times);
    ASSERT_TRUE(watch_.WaitForConnected()) << watch_.last();
  }

  // A replica of the server, up to date.
  std::unique_ptr<RedisServer> Follow() {
    auto replica = RedisServer::Start({.arguments = {"--replicaof", "127.0.0.1", absl::StrCat(server_->port())}});
    EXPECT_TRUE(replica.ok()) << replica.status();
    if (!replica.ok()) return nullptr;
    // One that is online does not say at once what it has: then what is written is waited for in vain.
    EXPECT_TRUE(server_->Command({"SET", "something", "to copy"}).ok());
    const auto follows = [&] {
      const std::string info = *server_->Command({"INFO", "replication"});
      return absl::StrContains(info, "state=online") && !absl::StrContains(info, "offset=0,");
    };
    const absl::Time until = Soon();
    while (!follows()) {
      if (absl::Now() > until) ADD_FAILURE() << "the replica does not follow";
      if (absl::Now() > until) return nullptr;
      absl::SleepFor(absl::Milliseconds(5));
    }
    return *std::move(replica);
  }

  absl::StatusOr<Lease> Take(const LeaseRequest& request) {
    Outcome<absl::StatusOr<Lease>> outcome;
    store_->Lease(kKey, request, Soon(), outcome.Callback());
    return outcome.Wait().value_or(absl::InternalError("never answered"));
  }

  std::unique_ptr<RedisServer> server_;
  StateWatch watch_;
  std::unique_ptr<RedisBudgetStore> store_;
};

TEST_F(RedisBudgetTest, ALeaseCountsOnceAReplicaHasIt) {
  Serve({.arguments = {"--repl-diskless-sync-delay", "0"}});
  const auto replica = Follow();
  ASSERT_NE(replica, nullptr);
  Connect({.wait = absl::Milliseconds(200)});
  ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 100, .wanted = 10})->granted, 10);
  EXPECT_EQ(*replica->Command({"EXISTS", kAccount}), "1");
  replica->Pause();
  EXPECT_EQ(Take({.holder = "a", .number = 2, .amount = 100, .granted = 10, .wanted = 10}).status().code(),
            absl::StatusCode::kUnavailable);
  replica->Continue();
  const auto lease = Take({.holder = "a", .number = 3, .amount = 100, .granted = 10, .wanted = 10});
  ASSERT_TRUE(lease.ok()) << lease.status();
  EXPECT_EQ(lease->left, 80) << "what was granted and not told went back";
}

TEST_F(RedisBudgetTest, ARestartedServerGrantsNothingBeforeAllHaveSpoken) {
  Serve({.append_only = true});
  Connect({.settle = absl::Milliseconds(500)});
  ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 40, .wanted = 10})->granted, 10);
  // It forgets what it granted, as one does whose file lacks the last moments.
  ASSERT_EQ(*server_->Command({"DEL", kAccount}), "1");
  server_->Kill();
  ASSERT_TRUE(watch_.WaitForDisconnected());
  ASSERT_TRUE(server_->Run().ok());
  ASSERT_TRUE(watch_.WaitForConnected());
  EXPECT_EQ(Take({.holder = "b", .number = 1, .amount = 40, .wanted = 40}).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Take({.holder = "a", .number = 2, .amount = 40, .granted = 10}).status().code(),
            absl::StatusCode::kUnavailable);
  absl::StatusOr<Lease> lease;
  int64_t number = 1;
  do {
    lease = Take({.holder = "b", .number = ++number, .amount = 40, .wanted = 40});
  } while (!lease.ok() && absl::Now() < Soon());
  ASSERT_TRUE(lease.ok()) << lease.status();
  EXPECT_EQ(lease->granted + lease->left, 30);
}

TEST_F(RedisBudgetTest, ForgetsHoldersThatAreSilentAndKeepsWhatTheyHad) {
  Serve();
  Connect({.holder_silence = absl::ZeroDuration(), .holder_presence = absl::ZeroDuration()});
  ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 100, .wanted = 10})->granted, 10);
  const absl::Time until = Soon();
  for (int64_t number = 1; *server_->Command({"HEXISTS", kAccount, "h:a"}) == "1"; ++number) {
    ASSERT_LT(absl::Now(), until);
    ASSERT_EQ(Take({.holder = "b", .number = number, .amount = 100})->left, 90);
  }
  EXPECT_EQ(*server_->Command({"HGET", kAccount, "b"}), "10");
}

TEST_F(RedisBudgetTest, SharesASlotAndExpiresWithItsPeriod) {
  Serve();
  Connect({});
  Outcome<absl::StatusOr<Lease>> outcome;
  store_->Lease({"shop", "stock", 86400}, {.holder = "a", .number = 1, .amount = 100, .wanted = 1}, Soon(),
                outcome.Callback());
  ASSERT_TRUE(outcome.Wait()->ok());
  ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 100, .wanted = 1})->granted, 1);
  EXPECT_EQ(*server_->Command({"TTL", kAccount}), "-1");
  EXPECT_NE(*server_->Command({"TTL", BudgetAccountKey({"shop", "stock", 86400})}), "-1");
  for (absl::string_view key : absl::StrSplit(*server_->Command({"KEYS", "*"}), ' ')) {
    if (key == LayoutKey()) continue;
    EXPECT_EQ(SlotOf(key), SlotOf(kAccount)) << key;
  }
}

}  // namespace
}  // namespace waymark::store
