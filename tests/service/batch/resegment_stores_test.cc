// Re-segmentation on the real stores: several replicas, and a Redis that is killed meanwhile.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "service/batch/resegment.h"
#include "service/engine/await.h"
#include "service/store/embedded/embedded_store.h"
#include "service/store/redis/redis_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_directory.h"

namespace waymark::batch {
namespace {

using segmentation::NameIdOf;
using testing_support::RedisServer;
using testing_support::Soon;

constexpr char kPlaybook[] = "traits: [{name: age, type: INT}]\nsegments: [{name: adult, when: 'customer.age >= 18'}]";
constexpr int kCustomers = 12'000;
constexpr int kAdults = kCustomers * 82 / 100;

// A replica of the service.
struct Replica {
  Replica(store::ProfileStore& profiles, store::RecordStore& records)
      : playbooks(records, clock), environment{profiles, records, playbooks, clock, threads} {}

  testing_support::FakeClock clock;
  engine::Playbooks playbooks;
  Threads threads;
  const Environment environment;
};

// Begins a call, and sets `last` and `status` before it is done.
struct Call {
  void Begin(const Environment& environment, const ResegmentRequest& request, const PassOptions& options = {}) {
    Resegment(
        environment, request,
        [this](const ResegmentProgress& progress) {
          last = progress;
          if (!at_work.HasBeenNotified()) at_work.Notify();
        },
        [this](absl::Status result) {
          status = std::move(result);
          if (!at_work.HasBeenNotified()) at_work.Notify();
          done.Notify();
        },
        options);
  }

  ResegmentProgress last;
  absl::Status status;
  absl::Notification at_work;
  absl::Notification done;
};

void Fill(Replica& replica, store::ProfileStore& profiles) {
  const auto applied = engine::Await<engine::ApplyAnswer>([&](engine::Playbooks::Done<engine::ApplyAnswer> done) {
    replica.playbooks.Apply("shop", kPlaybook, absl::nullopt, Soon(), std::move(done));
  });
  ASSERT_TRUE(applied.ok() && applied->problems.empty()) << applied.status();
  absl::BlockingCounter waiting(kCustomers);
  for (int i = 0; i < kCustomers; ++i) {
    segmentation::Profile profile;
    profile.created = absl::FromUnixSeconds(1);
    profile.traits = {{NameIdOf("age"), int64_t{i % 100}}};
    profiles.Update({"shop", absl::StrCat("c", i)}, Soon(), testing_support::Write(profile),
                    [&](const absl::StatusOr<uint64_t>& done) {
                      EXPECT_TRUE(done.ok()) << done.status();
                      waiting.DecrementCount();
                    });
  }
  waiting.Wait();
}

void ExpectExact(const Call& call) {
  ASSERT_TRUE(call.status.ok()) << call.status;
  EXPECT_TRUE(call.last.done);
  EXPECT_EQ(call.last.profiles, kCustomers);
  EXPECT_EQ(call.last.damaged, 0);
  EXPECT_EQ(call.last.members, std::vector<int64_t>{kAdults});
}

// Two replicas with several workers, twice: one pass that changes most of the profiles, and one that changes none.
void Share(Replica& one, Replica& two) {
  while (!one.playbooks.Current("shop").ok() || !two.playbooks.Current("shop").ok()) std::this_thread::yield();
  for (const int64_t changed : {kAdults, 0}) {
    std::vector<std::unique_ptr<Call>> calls;
    for (int i = 0; i < 4; ++i) {
      calls.push_back(std::make_unique<Call>());
      calls.back()->Begin((i % 2 == 0 ? one : two).environment,
                          {.tenant = "shop", .restart = i == 0, .workers = 1 + i});
      if (i == 0) calls.back()->at_work.WaitForNotification();
    }
    for (const auto& call : calls) {
      call->done.WaitForNotification();
      ExpectExact(*call);
    }
    EXPECT_EQ(calls[0]->last.changed, changed);
  }
}

TEST(ResegmentStoresTest, ReplicasShareARunInRedis) {
  auto server = RedisServer::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  store::RedisStore first({.port = (*server)->port()});
  store::RedisStore second({.port = (*server)->port()});
  while (!first.Ready() || !second.Ready()) std::this_thread::yield();
  Replica one(first, first);
  Fill(one, first);
  Replica two(second, second);
  Share(one, two);
}

TEST(ResegmentStoresTest, CallsShareARunInTheEmbeddedStore) {
  const testing_support::TempDirectory directory;
  auto store = store::EmbeddedStore::Open(directory.path());
  ASSERT_TRUE(store.ok()) << store.status();
  Replica one(**store, **store);
  Fill(one, **store);
  Replica two(**store, **store);
  Share(one, two);
}

TEST(ResegmentStoresTest, ARunOutlivesRedis) {
  auto server = RedisServer::Start({.append_only = true});
  ASSERT_TRUE(server.ok()) << server.status();
  store::RedisStore store({.port = (*server)->port(), .max_backoff = absl::Milliseconds(100)});
  while (!store.Ready()) std::this_thread::yield();
  Replica replica(store, store);
  Fill(replica, store);
  testing_support::FakeClock machine;
  const PassOptions options{.poll = absl::Milliseconds(1), .machine = [&] { return machine.Now(); }};
  Call killed;
  killed.Begin(replica.environment, {.tenant = "shop", .workers = 2}, options);
  killed.at_work.WaitForNotification();
  (*server)->Kill();
  killed.done.WaitForNotification();
  EXPECT_TRUE(killed.status.ok() || absl::IsUnavailable(killed.status)) << killed.status;
  ASSERT_TRUE((*server)->Run().ok());
  while (!store.Ready()) std::this_thread::yield();
  machine.Advance(absl::Seconds(61));
  Call next;
  next.Begin(replica.environment, {.tenant = "shop"}, options);
  next.done.WaitForNotification();
  ExpectExact(next);
}

}  // namespace
}  // namespace waymark::batch
