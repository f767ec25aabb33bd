// A limit per customer is exact on the real stores, however many ask at once, and of whichever replica. How often:
// $WAYMARK_REPETITIONS, 100 unless told.

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "service/engine/await.h"
#include "service/engine/engine.h"
#include "service/store/embedded/embedded_store.h"
#include "service/store/redis/redis_store.h"
#include "tests/support/fake_budget_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_directory.h"

namespace waymark::engine {
namespace {

using testing_support::RedisServer;
using testing_support::Soon;

constexpr char kPlaybook[] = R"yaml(
time_zone: Europe/Berlin
channels: [{name: web, limits: [{per: CUSTOMER, max: 3, period: DAY}]}]
actions: [{name: offer, kind: OFFER}, {name: other, kind: OFFER, value: {micros: 1}}]
placements: [{name: hero, touchpoint: web/home}, {name: later, touchpoint: web/later, exposure: ON_IMPRESSION}]
)yaml";
constexpr int kCalls = 200;
constexpr int kThreads = 4;

int Repetitions() {
  const char* set = std::getenv("WAYMARK_REPETITIONS");
  int repetitions = 100;
  return set != nullptr && absl::SimpleAtoi(set, &repetitions) ? repetitions : 100;
}

// A replica of the service.
struct Replica {
  Replica(store::ProfileStore& profiles, store::RecordStore& records)
      : playbooks(records, clock), engine(profiles, playbooks, budgets, clock) {}

  testing_support::FakeClock clock;
  Playbooks playbooks;
  testing_support::FakeBudgetStore budget_store{clock};  // the playbook has no budgets
  Budgets budgets{budget_store, clock};
  Engine engine;
};

void Apply(Replica& replica) {
  const auto applied = Await<ApplyAnswer>([&](Playbooks::Done<ApplyAnswer> done) {
    replica.playbooks.Apply("shop", kPlaybook, absl::nullopt, Soon(), std::move(done));
  });
  ASSERT_TRUE(applied.ok() && applied->problems.empty()) << applied.status();
}

void WaitFor(Replica& replica) {
  while (!replica.playbooks.Current("shop").ok()) std::this_thread::yield();
}

// Begins call 0 to kCalls - 1 from several threads, all at once, and waits for all of them.
template <typename Begin>
void AllAtOnce(Begin begin) {
  absl::BlockingCounter waiting(kCalls);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = thread; i < kCalls; i += kThreads) begin(i, [&waiting] { waiting.DecrementCount(); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  waiting.Wait();
}

int ContactsOf(Replica& replica, const std::string& customer) {
  const auto profile = Await<ProfileAnswer>(
      [&](Engine::Done<ProfileAnswer> done) { replica.engine.GetProfile("shop", customer, Soon(), std::move(done)); });
  EXPECT_TRUE(profile.ok()) << profile.status();
  return profile.ok() ? static_cast<int>(profile->profile.contacts.size()) : -1;
}

// The decision ids that were given something. Call i asks with the id i % ids.
std::multiset<std::string> Delivered(const std::vector<Replica*>& replicas, const std::string& customer, int ids) {
  absl::Mutex mutex;
  std::multiset<std::string> delivered;
  AllAtOnce([&](int i, auto done) {
    replicas[static_cast<size_t>(i) % replicas.size()]->engine.Decide(
        {.tenant = "shop",
         .customer = customer,
         .placements = {"hero"},
         .decision_id = absl::StrCat("d", i / (kCalls / ids))},
        Soon(), [&, done](absl::StatusOr<DecideAnswer> answer) {
          EXPECT_TRUE(answer.ok()) << answer.status();
          EXPECT_NE(answer->knowledge, Knowledge::kStoreUnavailable);
          if (!answer->decision.placements[0].chosen.empty()) {
            absl::MutexLock lock(&mutex);
            delivered.insert(answer->decision_id);
          }
          done();
        });
  });
  return delivered;
}

void ExpectExactlyThree(const std::vector<Replica*>& replicas) {
  for (int i = 0; i < Repetitions(); ++i) {
    const std::string customer = absl::StrCat("c", i);
    ASSERT_EQ(Delivered(replicas, customer, kCalls).size(), 3u) << "repetition " << i;
    ASSERT_EQ(ContactsOf(*replicas[0], customer), 3);
  }
}

// Ten tries of each of twenty decisions, at once: who is given something is given it ten times, and it counts once.
void ExpectRetriesToCountOnce(const std::vector<Replica*>& replicas) {
  for (int i = 0; i < Repetitions() / 10 + 1; ++i) {
    const std::string customer = absl::StrCat("r", i);
    const std::multiset<std::string> delivered = Delivered(replicas, customer, 20);
    ASSERT_EQ(std::set<std::string>(delivered.begin(), delivered.end()).size(), 3u) << "repetition " << i;
    ASSERT_EQ(delivered.size(), 30u);
    ASSERT_EQ(ContactsOf(*replicas[0], customer), 3);
  }
}

// What was prefetched 200 times and is now about to be shown, all at once.
void ExpectThreeToBeShown(const std::vector<Replica*>& replicas) {
  for (int i = 0; i < Repetitions() / 10 + 1; ++i) {
    const std::string customer = absl::StrCat("p", i);
    std::vector<std::string> tokens(kCalls);
    AllAtOnce([&](int call, auto done) {
      replicas[static_cast<size_t>(call) % replicas.size()]->engine.Decide(
          {.tenant = "shop", .customer = customer, .placements = {"later"}}, Soon(),
          [&, call, done](absl::StatusOr<DecideAnswer> answer) {
            if (answer.ok() && !answer->tokens[0].empty()) tokens[static_cast<size_t>(call)] = answer->tokens[0][0];
            done();
          });
    });
    std::atomic<int> shown{0};
    AllAtOnce([&](int call, auto done) {
      replicas[static_cast<size_t>(call) % replicas.size()]->engine.Record(
          {.tenant = "shop",
           .items = {{customer,
                      {.id = absl::StrCat("i", call),
                       .type = "impression",
                       .decision_token = tokens[static_cast<size_t>(call)],
                       .only_if_allowed = true}}}},
          Soon(), [&, done](absl::StatusOr<RecordAnswer> answer) {
            EXPECT_TRUE(answer.ok() && answer->items[0].status.ok());
            if (!answer->items[0].receipt.withheld) ++shown;
            done();
          });
    });
    ASSERT_EQ(shown, 3) << "repetition " << i;
    ASSERT_EQ(ContactsOf(*replicas[0], customer), 3);
  }
}

TEST(ExactLimitsTest, TwoReplicasOnOneRedis) {
  auto server = RedisServer::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  store::RedisStore first({.port = (*server)->port()});
  store::RedisStore second({.port = (*server)->port()});
  while (!first.Ready() || !second.Ready()) std::this_thread::yield();
  Replica one(first, first);
  Apply(one);
  Replica two(second, second);
  WaitFor(two);
  ExpectExactlyThree({&one, &two});
  ExpectRetriesToCountOnce({&one, &two});
  ExpectThreeToBeShown({&one, &two});
}

TEST(ExactLimitsTest, OneServiceOnTheEmbeddedStore) {
  const testing_support::TempDirectory directory;
  auto store = store::EmbeddedStore::Open(directory.path());
  ASSERT_TRUE(store.ok()) << store.status();
  Replica one(**store, **store);
  Apply(one);
  ExpectExactlyThree({&one});
  ExpectRetriesToCountOnce({&one});
  ExpectThreeToBeShown({&one});
}

}  // namespace
}  // namespace waymark::engine
