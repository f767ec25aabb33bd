#include "service/batch/map_journeys.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "service/batch/selection.h"
#include "service/batch/walk.h"
#include "service/engine/derive.h"
#include "service/journey/map_counter.h"
#include "service/store/batch_records.h"
#include "tests/support/store_calls.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

using testing_support::GetNow;
using testing_support::Outage;

constexpr absl::string_view kPlaybook = R"yaml(
segments: [{name: buyer, when: 'ever("purchase") && days_since("purchase") <= 30'}]
journeys:
  - {name: shopping, preset: SIX_STAGES}
  - {name: service, preset: FIVE_STAGES}
)yaml";

constexpr int kCustomers = 4 * kPageSize + 600;  // five pages

class MapJourneysTest : public ::testing::Test {
 protected:
  MapJourneysTest() {
    Fill(kCustomers);
    options_.machine = [this] { return machine_.Now(); };
    options_.poll = absl::Milliseconds(1);
  }

  void Fill(int customers) {
    static const char* const kTypes[] = {"view_item", "purchase", "login", "add_to_cart"};
    for (int round = 0; round < 3; ++round) {
      engine::RecordRequest request{.tenant = "shop"};
      for (int i = 0; i < customers; ++i) {
        if (i % 5 < round) continue;
        request.items.push_back({absl::StrCat("c", i),
                                 {.id = absl::StrCat(round),
                                  .type = kTypes[(i + round) % 4],
                                  .touchpoint = i % 2 == 0 ? "web/home" : "email"}});
      }
      EXPECT_TRUE(world_.Record(std::move(request)).ok());
      world_.clock.Advance(absl::Hours(5));
    }
  }

  absl::StatusOr<CountedMap> Count(
      const MapRequest& request, const std::shared_ptr<Cancellation>& cancellation = std::make_shared<Cancellation>(),
      absl::FunctionRef<void(const WalkProgress&)> progress = [](const WalkProgress&) {}) {
    return CountMap(environment_, request, options_, cancellation, progress);
  }

  // From the stored profiles, one by one, at a moment.
  journey::MapCounts Recomputed(const store::JourneySelection& selection, absl::Time as_of, size_t journey = 0) {
    const auto playbook = *world_.playbooks.Current("shop");
    const auto selector = Selector::Of({selection.segment, selection.persona}, *playbook);
    journey::MapCounter counter(*playbook, static_cast<int>(journey), {selection.from, selection.until});
    journey::MapCounts counts = counter.Empty();
    for (int i = 0; i < kCustomers; ++i) {
      const auto stored = LoadNow(world_.profiles, {"shop", absl::StrCat("c", i)});
      EXPECT_TRUE(stored.ok()) << stored.status();
      engine::Deriver deriver(*playbook, as_of);
      const engine::Derivation& derivation = deriver.Derive(stored->profile);
      if (!selector->Takes(stored->profile, deriver.in_segment(), as_of)) continue;
      for (const segmentation::JourneyPosition& position : derivation.positions) {
        if (position.journey != playbook->journeys[journey].id) continue;
        counter.Add({.profile = stored->profile, .position = position}, counts);
      }
    }
    return counts;
  }

  store::RunState StateOf(size_t slot) {
    const auto record = GetNow(world_.records, MapRecordName("shop", slot));
    EXPECT_TRUE(record.ok()) << record.status();
    return store::DecodeRun(record->value).value_or(store::RunState{});
  }

  testing_support::World world_{kPlaybook};
  testing_support::FakeClock machine_;
  Threads threads_;
  const Environment environment_{world_.profiles, world_.records, world_.playbooks, world_.clock, threads_};
  PassOptions options_;
  const MapRequest request_{.tenant = "shop", .pages_per_claim = 2};
};

TEST_F(MapJourneysTest, EqualsARecomputationFromTheProfilesOfThatMoment) {
  // Stored positions are as of the last event: time alone has moved many on since.
  world_.clock.Advance(absl::Hours(24 * 200));
  const auto counted = Count(request_);
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->as_of, world_.clock.Now());
  EXPECT_EQ(counted->look.profiles, kCustomers);
  EXPECT_EQ(counted->counts.selected.customers, kCustomers);
  EXPECT_EQ(counted->counts.selected, Recomputed({}, counted->as_of));
  EXPECT_EQ(counted->counts.compared, journey::MapCounts{});
}

TEST_F(MapJourneysTest, CountsTwoSelectionsInOneLook) {
  const absl::Time now = world_.clock.Now();
  MapRequest request = request_;
  request.key = {.journey = "service",
                 .selection = {.from = now - absl::Hours(12), .until = now - absl::Hours(6), .segment = "buyer"},
                 .compare_with = store::JourneySelection{.until = now - absl::Hours(12)}};
  const auto counted = Count(request);
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->journey, 1);
  EXPECT_GT(counted->counts.selected.customers, 0);
  EXPECT_LT(counted->counts.selected.customers, counted->counts.compared.customers);
  EXPECT_EQ(counted->counts.selected, Recomputed(request.key.selection, counted->as_of, 1));
  EXPECT_EQ(counted->counts.compared, Recomputed(*request.key.compare_with, counted->as_of, 1));
}

TEST_F(MapJourneysTest, IsKeptAsLongAsItIsYoung) {
  const auto first = Count(request_);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(world_.Record({.tenant = "shop", .items = {{"newcomer", {.id = "1", .type = "login"}}}}).ok());
  world_.clock.Advance(absl::Minutes(5));
  const auto kept = Count(request_);
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->as_of, first->as_of);
  EXPECT_EQ(kept->counts, first->counts);
  MapRequest now = request_;
  now.max_age = absl::ZeroDuration();
  const auto fresh = Count(now);
  ASSERT_TRUE(fresh.ok());
  EXPECT_EQ(fresh->as_of, world_.clock.Now());
  EXPECT_EQ(fresh->counts.selected.customers, kCustomers + 1);
  world_.clock.Advance(absl::Minutes(5) + absl::Milliseconds(1));
  EXPECT_EQ(Count(request_)->as_of, world_.clock.Now()) << "too old";
}

TEST_F(MapJourneysTest, AnotherPlaybookOrPopulationCountsAnew) {
  ASSERT_TRUE(Count(request_).ok());
  world_.clock.Advance(absl::Seconds(1));
  ASSERT_TRUE(world_.Apply("shop", "journeys: [{name: shopping, preset: FIVE_STAGES}]").ok());
  const auto counted = Count(request_);
  ASSERT_TRUE(counted.ok());
  EXPECT_EQ(counted->as_of, world_.clock.Now());
  EXPECT_EQ(counted->playbook->version, 2u);
  EXPECT_EQ(counted->counts.selected, Recomputed({}, counted->as_of));
}

TEST_F(MapJourneysTest, GoesOnWithAPlaybookThatComesMeanwhile) {
  bool applied = false;
  const auto counted = Count(request_, std::make_shared<Cancellation>(), [&](const WalkProgress&) {
    if (std::exchange(applied, true)) return;
    EXPECT_TRUE(world_.Apply("shop", "journeys: [{name: shopping, preset: FIVE_STAGES}]").ok());
  });
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->playbook->version, 2u);
  EXPECT_EQ(counted->counts.selected, Recomputed({}, counted->as_of));
}

TEST_F(MapJourneysTest, RefusesWhatIsNotThere) {
  const auto code = [&](MapRequest request) { return Count(request).status().code(); };
  EXPECT_EQ(code({.tenant = "nobody"}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code({.tenant = "shop", .key = {.journey = "x"}}), absl::StatusCode::kNotFound);
  EXPECT_EQ(code({.tenant = "shop", .key = {.selection = {.segment = "x"}}}), absl::StatusCode::kNotFound);
  EXPECT_EQ(code({.tenant = "shop", .key = {.selection = {.persona = "x"}}}), absl::StatusCode::kNotFound);
  EXPECT_EQ(code({.tenant = "shop", .key = {.compare_with = store::JourneySelection{.segment = "x"}}}),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(world_.Apply("other", "segments: [{name: visitor, when: 'ever(\"login\")'}]").ok());
  EXPECT_EQ(code({.tenant = "other"}), absl::StatusCode::kFailedPrecondition);
}

TEST_F(MapJourneysTest, LeavesDamageOutAndCountsIt) {
  const int64_t all = Count(request_)->counts.selected.customers;
  world_.profiles.SetBytes({"shop", "c7"}, "garbage");
  MapRequest again = request_;
  again.max_age = absl::ZeroDuration();
  world_.clock.Advance(absl::Seconds(1));
  const auto counted = Count(again);
  ASSERT_TRUE(counted.ok());
  EXPECT_EQ(counted->look.damaged, 1);
  EXPECT_EQ(counted->counts.selected.customers, all - 1);
}

TEST_F(MapJourneysTest, ATenantOfNobodyHasAMapOfNobody) {
  ASSERT_TRUE(world_.Apply("empty", kPlaybook).ok());
  const auto counted = Count({.tenant = "empty"});
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->counts.selected, journey::MapCounts(6));
}

// Calls of two replicas, with several workers each, share one look.
TEST_F(MapJourneysTest, CallsShareALook) {
  engine::Playbooks other_playbooks(world_.records, world_.clock);
  Threads other_threads;
  const Environment other{world_.profiles, world_.records, other_playbooks, world_.clock, other_threads};
  while (!other_playbooks.Ready()) std::this_thread::yield();
  for (int workers : {1, 3}) {
    world_.clock.Advance(absl::Hours(1));
    const journey::MapCounts expected = Recomputed({}, world_.clock.Now());
    MapRequest request = request_;
    request.workers = workers;
    request.pages_per_claim = 1;
    std::vector<absl::StatusOr<CountedMap>> counted(4, absl::UnknownError("not called"));
    std::vector<std::thread> callers;
    for (size_t i = 0; i < counted.size(); ++i) {
      callers.emplace_back([&, i] {
        counted[i] = CountMap(i % 2 == 0 ? environment_ : other, request, options_, std::make_shared<Cancellation>(),
                              [](const WalkProgress&) {});
      });
    }
    for (std::thread& caller : callers) caller.join();
    for (const auto& each : counted) {
      ASSERT_TRUE(each.ok()) << each.status();
      EXPECT_EQ(each->look.profiles, kCustomers);
      EXPECT_EQ(each->counts.selected, expected);
    }
  }
}

TEST_F(MapJourneysTest, IsResumedWhereItWasCancelled) {
  MapRequest request = request_;
  request.pages_per_claim = 1;
  auto cancellation = std::make_shared<Cancellation>();
  EXPECT_EQ(Count(request, cancellation, [&](const WalkProgress&) { cancellation->Cancel(); }).status().code(),
            absl::StatusCode::kCancelled);
  const store::RunState left = StateOf(0);
  EXPECT_GT(left.counts.profiles, 0);
  EXPECT_LT(left.counts.profiles, kCustomers);
  world_.clock.Advance(absl::Minutes(4));
  const auto resumed = Count(request);
  ASSERT_TRUE(resumed.ok());
  EXPECT_EQ(resumed->as_of, left.as_of);
  EXPECT_EQ(StateOf(0).id, left.id);
  EXPECT_EQ(resumed->counts.selected, Recomputed({}, left.as_of));
}

TEST_F(MapJourneysTest, IsNotResumedWhereItIsTooOld) {
  auto cancellation = std::make_shared<Cancellation>();
  EXPECT_FALSE(Count(request_, cancellation, [&](const WalkProgress&) { cancellation->Cancel(); }).ok());
  world_.clock.Advance(absl::Minutes(6));
  EXPECT_EQ(Count(request_)->as_of, world_.clock.Now());
}

// Whoever wants a younger one than is being made lets it end first: else two who want the newest would begin for ever.
TEST_F(MapJourneysTest, WaitsForOneThatIsUnderWayAndBeginsTheNext) {
  MapRequest newest = request_;
  newest.max_age = absl::ZeroDuration();
  newest.pages_per_claim = 1;
  absl::Notification at_work;
  absl::Notification go_on;
  absl::StatusOr<CountedMap> first;
  std::thread caller([&] {
    first = Count(newest, std::make_shared<Cancellation>(), [&](const WalkProgress&) {
      if (!at_work.HasBeenNotified()) at_work.Notify();
      go_on.WaitForNotification();
    });
  });
  at_work.WaitForNotification();
  const absl::Time begun = world_.clock.Now();
  world_.clock.Advance(absl::Seconds(10));
  std::thread releasing([&] {
    while (StateOf(0).last_claim < 4) std::this_thread::yield();
    go_on.Notify();
  });
  const auto second = Count(newest);
  caller.join();
  releasing.join();
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_GE(first->as_of, begun);
  EXPECT_EQ(second->as_of, world_.clock.Now());
  EXPECT_EQ(second->counts.selected, Recomputed({}, second->as_of));
}

// One whose lease ran out, because it hangs: what it had is counted by another, and once.
TEST_F(MapJourneysTest, AHangingWorkersPartIsTakenOverAndNotCountedTwice) {
  absl::Notification hangs;
  absl::Notification over;
  MapRequest request = request_;
  request.pages_per_claim = 1;
  absl::StatusOr<CountedMap> slow;
  std::thread caller([&] {
    slow = Count(request, std::make_shared<Cancellation>(), [&](const WalkProgress&) {
      if (!hangs.HasBeenNotified()) hangs.Notify();
      over.WaitForNotification();
    });
  });
  hangs.WaitForNotification();
  machine_.Advance(absl::Seconds(61));
  const auto other = Count(request);
  over.Notify();
  caller.join();
  ASSERT_TRUE(other.ok()) << other.status();
  ASSERT_TRUE(slow.ok()) << slow.status();
  EXPECT_EQ(other->counts.selected, Recomputed({}, other->as_of));
  EXPECT_EQ(slow->counts, other->counts);
}

// Killed at any operation of the store, done or not, the next call counts everyone once.
TEST_F(MapJourneysTest, SurvivesAKillAtAnyStep) {
  int kills = 0;
  for (const bool answer_lost : {false, true}) {
    for (int step = 0;; ++step) {
      SCOPED_TRACE(absl::StrCat("killed at step ", step, answer_lost ? ", which was done" : ""));
      world_.clock.Advance(absl::Hours(24));
      const journey::MapCounts expected = step % 8 == 0 ? Recomputed({}, world_.clock.Now()) : journey::MapCounts{};
      auto outage = std::make_shared<Outage>(step, answer_lost);
      world_.profiles.SetOutage(outage);
      world_.records.SetOutage(outage);
      const auto killed = Count(request_);
      world_.profiles.SetOutage(nullptr);
      world_.records.SetOutage(nullptr);
      if (!outage->over()) {
        EXPECT_TRUE(killed.ok()) << killed.status();
        break;
      }
      ++kills;
      // What was counted is the answer, also where nobody hears any more that it is kept.
      EXPECT_TRUE(killed.ok() || absl::IsUnavailable(killed.status())) << killed.status();
      machine_.Advance(absl::Seconds(61));
      const auto next = Count(request_);
      ASSERT_TRUE(next.ok()) << next.status();
      ASSERT_EQ(next->look.profiles, kCustomers);
      ASSERT_EQ(next->counts.selected.customers, kCustomers);
      if (step % 8 == 0) {
        ASSERT_EQ(next->counts.selected, expected);
      }
    }
  }
  EXPECT_GT(kills, 20);
}

// A tenant keeps a bounded number; of more, the one goes that was asked for longest ago.
TEST_F(MapJourneysTest, KeepsTheOnesThatWereAskedForLast) {
  ASSERT_TRUE(world_.Apply("small", kPlaybook).ok());
  ASSERT_TRUE(world_.Record({.tenant = "small", .items = {{"c", {.id = "1", .type = "login"}}}}).ok());
  const absl::Time begin = world_.clock.Now();
  const auto ask = [&](size_t i) {
    world_.clock.Advance(absl::Seconds(61));
    return Count({.tenant = "small",
                  .key = {.selection = {.from = begin - absl::Hours(static_cast<int>(i) + 1)}},
                  .max_age = absl::Hours(10)});
  };
  std::vector<absl::Time> as_of;
  for (size_t i = 0; i < kMaxKeptMaps; ++i) {
    const auto counted = ask(i);
    ASSERT_TRUE(counted.ok()) << counted.status();
    as_of.push_back(counted->as_of);
  }
  EXPECT_EQ(ask(0)->as_of, as_of[0]) << "kept";
  ASSERT_TRUE(ask(kMaxKeptMaps).ok());
  EXPECT_EQ(ask(0)->as_of, as_of[0]) << "was asked for lately";
  EXPECT_EQ(ask(2)->as_of, as_of[2]);
  const auto went = ask(1);
  EXPECT_EQ(went->as_of, world_.clock.Now()) << "went";
  const auto index = GetNow(world_.records, MapIndexName("small"));
  EXPECT_EQ(store::DecodeJourneyMapIndex(index->value)->size(), kMaxKeptMaps);
}

// What is damaged is counted again.
TEST_F(MapJourneysTest, CountsAgainWhereWhatIsKeptIsDamaged) {
  ASSERT_TRUE(Count(request_).ok());
  const auto record = GetNow(world_.records, MapRecordName("shop", 0));
  ASSERT_TRUE(PutNow(world_.records, MapRecordName("shop", 0), "\xff\xff", record->revision).ok());
  const auto index = GetNow(world_.records, MapIndexName("shop"));
  ASSERT_TRUE(PutNow(world_.records, MapIndexName("shop"), "\xff\xff", index->revision).ok());
  const auto again = Count(request_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->counts.selected, Recomputed({}, again->as_of));
}

}  // namespace
}  // namespace waymark::batch
