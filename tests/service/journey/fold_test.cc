#include "service/journey/fold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/journey/resolve.h"
#include "service/journey/visits.h"
#include "tests/support/playbooks.h"

namespace waymark::journey {
namespace {

using segmentation::Event;
using segmentation::NameIdOf;
using segmentation::Profile;
using testing_support::MustCompile;

const absl::Time kStart = absl::FromUnixSeconds(1780000000);
// A rule that turns within an hour: a day after the purchase, to the millisecond.
constexpr absl::string_view kDaysSince = R"yaml(
journeys:
  - name: j
    stages:
      - {name: new, goal: Buy}
      - {name: bought, enter_when: 'ever("purchase")'}
      - {name: quiet, enter_when: 'ever("purchase") && days_since("purchase") >= 1', leave_when: 'days_since("purchase") < 1'}
)yaml";
constexpr absl::string_view kSix = "journeys: [{name: j, preset: SIX_STAGES}, {name: k, preset: FIVE_STAGES}]";

std::vector<Event> RandomEvents(std::mt19937_64& random, size_t count, int64_t max_step_minutes) {
  const char* const kTypes[] = {"view_item", "add_to_cart", "purchase", "use_product", "share", "search", "nps"};
  std::vector<Event> events;
  absl::Time at = kStart;
  for (size_t i = 0; i < count; ++i) {
    // Some share their moment with the one before, some are on the hour, where windows change.
    if (random() % 5 != 0)
      at += absl::Minutes(1 + static_cast<int64_t>(random() % static_cast<uint64_t>(max_step_minutes)));
    if (random() % 6 == 0) at = absl::UnixEpoch() + absl::Ceil(at - absl::UnixEpoch(), absl::Hours(24));
    events.push_back({.id = absl::StrCat("e", i),
                      .type = NameIdOf(kTypes[random() % 7]),
                      .time = at,
                      .value_micros = static_cast<int64_t>(random() % 90) * 1'000'000,
                      .touchpoint = NameIdOf(absl::StrCat("web/", random() % 4))});
  }
  return events;
}

Profile Folded(const playbook::Playbook& playbook, const std::vector<Event>& events, absl::Time now) {
  Profile profile{.created = kStart};
  for (const Event& event : events) FoldEvent(playbook, event, now, profile);
  return profile;
}

// The promise that maps rest on.
TEST(FoldEvent, TheOrderOfArrivalDoesNotMatter) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 90; ++round) {
    const auto playbook = MustCompile(round < 60 ? kSix : kDaysSince);
    // From minutes to months between two events.
    const int64_t step = round % 3 == 0 ? 120 : round % 3 == 1 ? 4'000 : 60'000;
    std::vector<Event> events = RandomEvents(random, 1 + random() % 25, step);
    const absl::Time now = events.back().time + absl::Hours(1);
    const Profile in_order = Folded(*playbook, events, now);
    ASSERT_EQ(in_order.positions.size(), playbook->journeys.size());
    for (int shuffle = 0; shuffle < 4; ++shuffle) {
      std::shuffle(events.begin(), events.end(), random);
      const Profile shuffled = Folded(*playbook, events, now);
      if (std::any_of(in_order.positions.begin(), in_order.positions.end(),
                      [](const auto& position) { return !position.forgotten.empty(); })) {
        break;
      }
      EXPECT_EQ(shuffled.positions, in_order.positions) << "round " << round;
      EXPECT_EQ(shuffled.positions_as_of, in_order.positions_as_of);
      EXPECT_EQ(shuffled.trail.touches.size(), in_order.trail.touches.size());
      EXPECT_EQ(shuffled.ledger, in_order.ledger);
    }
  }
}

// Whether somebody looks, and stores what was seen, between two events, does not matter either.
TEST(FoldEvent, LooksBetweenEventsDoNotMatter) {
  const auto playbook = MustCompile(kSix);
  std::mt19937_64 random(12);
  for (int round = 0; round < 60; ++round) {
    const std::vector<Event> events = RandomEvents(random, 1 + random() % 20, round % 2 == 0 ? 3'000 : 90'000);
    const Profile unseen = Folded(*playbook, events, events.back().time);
    Profile seen{.created = kStart};
    absl::Time before = kStart;
    for (const Event& event : events) {
      const absl::Time between = before + (event.time - before) / 2;
      if (!seen.positions.empty() && random() % 2 == 0) ResolveAt(*playbook, between, seen);
      FoldEvent(*playbook, event, event.time, seen);
      before = event.time;
    }
    EXPECT_EQ(seen.positions, unseen.positions) << "round " << round;
  }
}

TEST(FoldEvent, ADuplicateChangesNothing) {
  const auto playbook = MustCompile(kSix);
  std::mt19937_64 random(13);
  const std::vector<Event> events = RandomEvents(random, 30, 3'000);
  Profile profile = Folded(*playbook, events, events.back().time);
  const Profile before = profile;
  for (const Event& event : events) EXPECT_FALSE(FoldEvent(*playbook, event, events.back().time, profile));
  EXPECT_EQ(profile, before);
}

// Old events that are imported of a customer whose traits are known already, and whom a pass has looked at.
TEST(FoldEvent, HistoryTakesTheCustomerBack) {
  const auto playbook = MustCompile(kSix);
  std::mt19937_64 random(14);
  const std::vector<Event> events = RandomEvents(random, 30, 3'000);
  const absl::Time now = events.back().time + absl::Hours(24 * 900);
  Profile known{.created = now};
  segmentation::SetTrait(known, NameIdOf("age"), int64_t{40});
  ResolveAt(*playbook, now, known);
  for (const Event& event : events) FoldEvent(*playbook, event, now, known);
  EXPECT_EQ(known.positions, Folded(*playbook, events, now).positions);
  EXPECT_EQ(known.positions[0].history.empty() ? known.positions[0].current.since : known.positions[0].history[0].since,
            events[0].time);
}

// Beyond what the trail holds, late events are counted, and everything goes on.
TEST(FoldEvent, OlderThanTheTrailIsCountedInTheLedgerAlone) {
  const auto playbook = MustCompile(kSix);
  std::mt19937_64 random(15);
  const std::vector<Event> events = RandomEvents(random, 400, 60);
  Profile profile = Folded(*playbook, events, events.back().time);
  EXPECT_EQ(profile.trail.touches.size(), segmentation::Trail::kMaxTouches);
  EXPECT_LT(profile.trail.from, profile.trail.touches.front().at);
  const auto before = profile.positions;
  const uint64_t views = profile.ledger.Find(NameIdOf("view_item"))->count;
  EXPECT_TRUE(
      FoldEvent(*playbook, {.id = "late", .type = NameIdOf("view_item"), .time = kStart}, events.back().time, profile));
  EXPECT_EQ(profile.ledger.Find(NameIdOf("view_item"))->count, views + 1);
  EXPECT_EQ(profile.trail.touches.size(), segmentation::Trail::kMaxTouches);
  EXPECT_EQ(profile.positions, before);
}

TEST(VisitsOf, ATouchBelongsToTheStayItFound) {
  const auto playbook = MustCompile(kSix);
  const std::vector<Event> events = {
      {.id = "1", .type = NameIdOf("view_item"), .time = kStart},
      {.id = "2", .type = NameIdOf("search"), .time = kStart + absl::Hours(1)},
      {.id = "3", .type = NameIdOf("view_item"), .time = kStart + absl::Hours(2)},
      {.id = "4", .type = NameIdOf("add_to_cart"), .time = kStart + absl::Hours(3)},
  };
  const Profile profile = Folded(*playbook, events, kStart + absl::Hours(4));
  const playbook::Journey& journey = playbook->journeys[0];
  const segmentation::JourneyPosition& position = *segmentation::FindPosition(profile, journey.id);
  const std::vector<Visit> visits = VisitsOf(journey, position, profile.trail);
  ASSERT_EQ(visits.size(), 3u);
  EXPECT_EQ(visits[0].stage, 0);
  EXPECT_EQ(visits[0].left, kStart + absl::Hours(1)) << "searching makes interested";
  EXPECT_EQ(visits[0].touches.size(), 2u);
  EXPECT_EQ(visits[1].stage, 1);
  EXPECT_EQ(visits[1].touches.size(), 2u);
  EXPECT_EQ(visits[2].stage, 2);
  EXPECT_EQ(visits[2].left, absl::InfiniteFuture());
  EXPECT_TRUE(visits[2].touches.empty());
  EXPECT_EQ(WholeFrom(position, profile.trail), absl::InfinitePast());
}

}  // namespace
}  // namespace waymark::journey
