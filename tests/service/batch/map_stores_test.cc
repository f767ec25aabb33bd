// Journey maps on the real stores: several replicas count at once, and a Redis is killed meanwhile.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "service/batch/map_journeys.h"
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

constexpr char kPlaybook[] = "journeys: [{name: shopping, preset: SIX_STAGES}]";
constexpr int kCustomers = 12'000;

// A replica of the service.
struct Replica {
  Replica(store::ProfileStore& profiles, store::RecordStore& records)
      : playbooks(records, clock), environment{profiles, records, playbooks, clock, threads} {}

  absl::StatusOr<CountedMap> Count(
      const PassOptions& options = {}, absl::FunctionRef<void(const WalkProgress&)> progress = [](const auto&) {}) {
    return CountMap(environment, {.tenant = "shop", .workers = 2, .pages_per_claim = 1}, options,
                    std::make_shared<Cancellation>(), progress);
  }

  testing_support::FakeClock clock;
  engine::Playbooks playbooks;
  Threads threads;
  const Environment environment;
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
    profile.trail.touches = {{.at = replica.clock.Now() - absl::Hours(1 + i % 100),
                              .type = NameIdOf("view_item"),
                              .touchpoint = NameIdOf(absl::StrCat("web/", i % 7))}};
    profiles.Update({"shop", absl::StrCat("c", i)}, Soon(), testing_support::Write(profile),
                    [&](const absl::StatusOr<uint64_t>& done) {
                      EXPECT_TRUE(done.ok()) << done.status();
                      waiting.DecrementCount();
                    });
  }
  waiting.Wait();
}

void ExpectExact(const absl::StatusOr<CountedMap>& counted) {
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->look.profiles, kCustomers);
  const journey::MapCounts& counts = counted->counts.selected;
  EXPECT_EQ(counts.customers, kCustomers);
  ASSERT_EQ(counts.touchpoints.size(), 7u);
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(counts.touchpoints.at(NameIdOf(absl::StrCat("web/", i))).customers, (kCustomers + 6 - i) / 7);
  }
}

void Share(Replica& one, Replica& two) {
  while (!one.playbooks.Current("shop").ok() || !two.playbooks.Current("shop").ok()) std::this_thread::yield();
  std::vector<absl::StatusOr<CountedMap>> counted(4, absl::UnknownError("not called"));
  std::vector<std::thread> callers;
  for (size_t i = 0; i < counted.size(); ++i) {
    callers.emplace_back([&, i] { counted[i] = (i % 2 == 0 ? one : two).Count(); });
  }
  for (std::thread& caller : callers) caller.join();
  for (const auto& each : counted) {
    ExpectExact(each);
    EXPECT_EQ(each->counts, counted[0]->counts);
    EXPECT_EQ(each->as_of, counted[0]->as_of) << "one look";
  }
}

TEST(MapStoresTest, ReplicasShareALookInRedis) {
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

TEST(MapStoresTest, CallsShareALookInTheEmbeddedStore) {
  const testing_support::TempDirectory directory;
  auto store = store::EmbeddedStore::Open(directory.path());
  ASSERT_TRUE(store.ok()) << store.status();
  Replica one(**store, **store);
  Fill(one, **store);
  Replica two(**store, **store);
  Share(one, two);
}

TEST(MapStoresTest, ALookOutlivesRedis) {
  auto server = RedisServer::Start({.append_only = true});
  ASSERT_TRUE(server.ok()) << server.status();
  store::RedisStore store({.port = (*server)->port(), .max_backoff = absl::Milliseconds(100)});
  while (!store.Ready()) std::this_thread::yield();
  Replica replica(store, store);
  Fill(replica, store);
  testing_support::FakeClock machine;
  const PassOptions options{.poll = absl::Milliseconds(1), .machine = [&] { return machine.Now(); }};
  bool killed = false;
  const auto first = replica.Count(options, [&](const WalkProgress&) {
    if (!std::exchange(killed, true)) (*server)->Kill();
  });
  EXPECT_TRUE(first.ok() || absl::IsUnavailable(first.status())) << first.status();
  ASSERT_TRUE((*server)->Run().ok());
  while (!store.Ready()) std::this_thread::yield();
  machine.Advance(absl::Seconds(61));
  ExpectExact(replica.Count(options));
}

}  // namespace
}  // namespace waymark::batch
