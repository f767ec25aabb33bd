#include "service/batch/fresh_maps.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/batch/map_journeys.h"
#include "tests/support/store_calls.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

using testing_support::GetNow;
using testing_support::PutNow;

constexpr absl::string_view kPlaybook = R"yaml(
segments: [{name: buyer, when: 'ever("purchase")'}]
journeys: [{name: shopping, preset: SIX_STAGES}]
)yaml";

class FreshMapsTest : public ::testing::Test {
 protected:
  FreshMapsTest() { Record("c0"); }

  void Record(const std::string& customer) {
    EXPECT_TRUE(world_.Record({.tenant = "shop", .items = {{customer, {.id = "1", .type = "login"}}}}).ok());
  }

  // As somebody who takes what is kept, however old.
  CountedMap Ask(const std::string& segment = "") {
    const auto counted = CountMap(
        environment_, {.tenant = "shop", .key = {.selection = {.segment = segment}}, .max_age = absl::Hours(100)}, {},
        std::make_shared<Cancellation>(), [](const WalkProgress&) {});
    EXPECT_TRUE(counted.ok()) << counted.status();
    return counted.value_or(CountedMap{});
  }

  // Looks once, and waits for what it began.
  int Look(FreshMaps& maps) {
    const int begun = maps.Look();
    maps.AwaitIdle();
    return begun;
  }

  testing_support::World world_{kPlaybook};
  Threads threads_;
  const Environment environment_{world_.profiles, world_.records, world_.playbooks, world_.clock, threads_};
  // It looks when it is asked to alone.
  const FreshMapsOptions options_{.poll = absl::Hours(1)};
};

TEST_F(FreshMapsTest, CountsAgainWhatSomebodyAskedFor) {
  FreshMaps maps(environment_, options_);
  EXPECT_EQ(Ask().counts.selected.customers, 1);
  Record("c1");
  world_.clock.Advance(absl::Seconds(119));
  EXPECT_EQ(Look(maps), 0) << "young enough";
  world_.clock.Advance(absl::Seconds(1));
  EXPECT_EQ(Look(maps), 1);
  const CountedMap counted = Ask();
  EXPECT_EQ(counted.as_of, world_.clock.Now());
  EXPECT_EQ(counted.counts.selected.customers, 2);
}

// So that a map is never older than two minutes and the time of a look, while somebody asks for it.
TEST_F(FreshMapsTest, KeepsAMapFreshForAnHour) {
  FreshMaps maps(environment_, options_);
  Ask();
  const absl::Time asked = world_.clock.Now();
  int begun = 0;
  while (world_.clock.Now() < asked + absl::Hours(2)) {
    world_.clock.Advance(absl::Seconds(15));
    begun += Look(maps);
  }
  EXPECT_GE(begun, 25);
  EXPECT_LE(begun, 30);
  EXPECT_LT(Ask().as_of, asked + absl::Hours(1)) << "nobody asked any more";
  world_.clock.Advance(absl::Seconds(120));
  EXPECT_EQ(Look(maps), 1) << "but now somebody did";
}

TEST_F(FreshMapsTest, TakesTheOldestFirstAndOneAtATime) {
  FreshMaps maps(environment_, options_);
  Ask();
  world_.clock.Advance(absl::Seconds(1));
  Ask("buyer");
  world_.clock.Advance(absl::Minutes(3));
  EXPECT_EQ(Look(maps), 1);
  EXPECT_EQ(Ask().as_of, world_.clock.Now());
  EXPECT_LT(Ask("buyer").as_of, world_.clock.Now());
  world_.clock.Advance(absl::Seconds(15));
  EXPECT_EQ(Look(maps), 1);
  EXPECT_EQ(Ask("buyer").as_of, world_.clock.Now());
}

// Counting takes a share of the time, however many there are to count.
TEST_F(FreshMapsTest, RestsAfterALook) {
  FreshMaps maps(environment_, {.poll = absl::Hours(1), .share = 1e-9});
  Ask();
  world_.clock.Advance(absl::Minutes(3));
  EXPECT_EQ(Look(maps), 1);
  world_.clock.Advance(absl::Minutes(3));
  EXPECT_EQ(Look(maps), 0);
}

TEST_F(FreshMapsTest, LeavesAloneWhatCannotBeCounted) {
  FreshMaps maps(environment_, options_);
  Ask("buyer");
  world_.clock.Advance(absl::Seconds(1));
  Ask();
  ASSERT_TRUE(world_.Apply("shop", "journeys: [{name: shopping, preset: SIX_STAGES}]").ok());
  world_.clock.Advance(absl::Minutes(3));
  EXPECT_EQ(Look(maps), 1) << "there is no such segment any more";
  world_.clock.Advance(absl::Seconds(15));
  EXPECT_EQ(Look(maps), 1) << "so the other one is next";
  EXPECT_EQ(Ask().as_of, world_.clock.Now());
  world_.clock.Advance(absl::Seconds(15));
  EXPECT_EQ(Look(maps), 0);
  const auto index = GetNow(world_.records, MapIndexName("shop"));
  ASSERT_TRUE(PutNow(world_.records, MapIndexName("shop"), "\xff", index->revision).ok());
  EXPECT_EQ(Look(maps), 0);
}

TEST_F(FreshMapsTest, EndsWithTheService) {
  FreshMaps maps(environment_, options_);
  Ask();
  world_.clock.Advance(absl::Minutes(3));
  maps.Stop();
  EXPECT_EQ(Look(maps), 0);
}

}  // namespace
}  // namespace waymark::batch
