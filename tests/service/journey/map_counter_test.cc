#include "service/journey/map_counter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "segmentation/fold.h"
#include "service/journey/map.h"
#include "tests/service/journey/map_world.h"

namespace waymark::journey {
namespace {

using segmentation::NameIdOf;
using testing::ElementsAre;
using testing::Field;

MapOptions Over(absl::Time from, absl::Time until) {
  return {.period = {from, until}, .as_of = Day(100), .min_people = 1};
}
const MapOptions kEverything = Over(absl::InfinitePast(), absl::InfiniteFuture());

TEST(MapCounter, NobodyMakesAMapOfNothing) {
  const JourneyMap map = MapOf(*MapPlaybook(), {}, kEverything);
  EXPECT_EQ(map.customers, 0);
  ASSERT_EQ(map.stages.size(), 4u);
  EXPECT_EQ(map.stages[1].entries, 0);
  EXPECT_EQ(map.stages[1].dwell_median, absl::nullopt);
  EXPECT_EQ(map.stages[1].progressed.of, 0);
  EXPECT_EQ(map.stages[1].progressed.share, 0);
  // What stages expect is there all the same.
  EXPECT_THAT(map.touchpoints, ElementsAre(Field(&MapTouchpoint::touchpoint, "email/news"),
                                           Field(&MapTouchpoint::touchpoint, "web/cart"),
                                           Field(&MapTouchpoint::touchpoint, "web/page")));
  EXPECT_TRUE(map.cells.empty());
  EXPECT_TRUE(map.pain_points.empty());
  EXPECT_TRUE(map.opportunities.empty());
  EXPECT_TRUE(map.conformance.paths.empty());
  EXPECT_EQ(map.kpis.nps, absl::nullopt);
  EXPECT_EQ(map.kpis.revenue_per_customer, 0);
}

// One customer: a from day 0, b from 10, c from 20.
RawCustomer Walker(std::vector<RawTouch> touches = {}) {
  return {.stays = {{"a", Day(0)}, {"b", Day(10)}, {"c", Day(20)}}, .touches = std::move(touches)};
}

TEST(MapCounter, StaysCountByWhenTheyBeganAndEnded) {
  const struct {
    absl::Time from;
    absl::Time until;
    std::string entries, present, ended, standing;  // stages
  } cases[] = {
      {absl::InfinitePast(), absl::InfiniteFuture(), "abc", "abc", "ab", "c"},
      {absl::InfinitePast(), Day(10), "a", "a", "", "a"},  // the end is not included
      {Day(10), Day(20), "b", "ab", "a", "b"},             // the beginning is
      {Day(10.5), Day(19), "", "b", "", "b"},
      {Day(11), absl::InfiniteFuture(), "c", "bc", "b", "c"},
      {Day(30), Day(40), "", "c", "", "c"},
      {Day(-9), Day(0), "", "", "", ""},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(absl::StrCat(absl::FormatTime(each.from), " to ", absl::FormatTime(each.until)));
    const JourneyMap map = MapOf(*MapPlaybook(), {Walker()}, Over(each.from, each.until));
    EXPECT_EQ(map.customers, each.present.empty() ? 0 : 1);
    for (const MapStage& stage : map.stages) {
      SCOPED_TRACE(stage.stage);
      const auto is_in = [&stage](const std::string& stages) {
        return stages.find(stage.stage) != std::string::npos ? 1 : 0;
      };
      EXPECT_EQ(stage.entries, is_in(each.entries));
      EXPECT_EQ(stage.customers, is_in(each.entries));
      EXPECT_EQ(stage.present, is_in(each.present));
      EXPECT_EQ(stage.progressed.of, is_in(each.ended));
      EXPECT_EQ(stage.progressed.count, is_in(each.ended));
      EXPECT_EQ(stage.standing, is_in(each.standing));
    }
  }
}

TEST(MapCounter, TheEventThatMovesOnDoesNotPrecedeTheMove) {
  const RawCustomer customer = Walker(
      {{Day(9), "page_view", "web/page"}, {Day(10), "page_view", "web/cart"}, {Day(20), "page_view", "web/cart"}});
  const JourneyMap map = MapOf(*MapPlaybook(), {customer}, kEverything);
  EXPECT_EQ(FindCell(map, "a", "web/page")->progressed.of, 1);
  EXPECT_EQ(FindCell(map, "a", "web/cart")->volume, 1);  // it is of the stage before
  EXPECT_EQ(FindCell(map, "a", "web/cart")->progressed.of, 0);
  EXPECT_EQ(FindCell(map, "b", "web/cart")->volume, 1);
  EXPECT_EQ(FindCell(map, "c", "web/cart"), nullptr);
  EXPECT_FALSE(FindCell(map, "a", "web/page")->expected);
}

TEST(MapCounter, TouchesBeforeTheFirstStayAreOfIt) {
  const RawCustomer customer{.stays = {{"b", Day(50)}}, .touches = {{Day(1), "page_view", "web/page"}}};
  const JourneyMap map = MapOf(*MapPlaybook(), {customer}, Over(Day(0), Day(2)));
  EXPECT_EQ(map.customers, 1);
  EXPECT_EQ(FindStage(map, "b")->present, 1);
  EXPECT_EQ(FindStage(map, "b")->entries, 0);
  EXPECT_EQ(FindStage(map, "b")->standing, 0);
  EXPECT_EQ(FindCell(map, "b", "web/page")->volume, 1);
  EXPECT_TRUE(FindCell(map, "b", "web/page")->expected);
}

TEST(MapCounter, StagesThatThePlaybookDoesNotHaveAnyMoreHaveNoName) {
  const RawCustomer customer{.stays = {{"a", Day(0)}, {"gone", Day(10)}, {"b", Day(20)}},
                             .touches = {{Day(15), "page_view", "web/page"}}};
  const JourneyMap map = MapOf(*MapPlaybook(), {customer}, kEverything);
  EXPECT_EQ(map.stages.size(), 4u);
  ASSERT_EQ(map.stages[0].moves.size(), 1u);
  EXPECT_EQ(map.stages[0].moves[0].to_stage, "");
  EXPECT_EQ(map.stages[0].moves[0].share, 1);
  EXPECT_EQ(map.stages[0].progressed.count, 0);
  EXPECT_EQ(map.stages[0].dropped.count, 0);
  EXPECT_EQ(FindCell(map, "", "web/page")->volume, 1);
  EXPECT_EQ(FindTouchpoint(map, "web/page")->volume, 1);
  EXPECT_THAT(map.conformance.paths[0].stages, ElementsAre("a", "", "b"));
  EXPECT_FALSE(map.conformance.paths[0].declared);
}

TEST(MapCounter, EachPersonFeelsOnceAndNeverTooFew) {
  std::vector<RawCustomer> customers;
  for (int i = 0; i < 5; ++i) {
    // The first one complains ten times.
    std::vector<RawTouch> touches;
    for (int j = 0; j < (i == 0 ? 10 : 1); ++j) {
      touches.push_back({Day(1 + j * 0.1), "scan", "support/phone", 0, i == 0 ? -100 : 50});
    }
    customers.push_back(Walker(touches));
  }
  MapOptions options = kEverything;
  options.min_people = 5;
  const JourneyMap map = MapOf(*MapPlaybook(), customers, options);
  const MapEmotion emotion = *FindCell(map, "a", "support/phone")->emotion;
  EXPECT_EQ(emotion.people, 5);
  EXPECT_EQ(emotion.responses, 14);
  EXPECT_NEAR(emotion.mean, 0.2, 1e-9);
  EXPECT_NEAR(emotion.low, 0.2 - 2.7764451 * 0.3, 1e-6);  // of a deviation of 0.67082
  EXPECT_EQ(emotion.high, 1);
  EXPECT_NEAR(FindStage(map, "a")->emotion->mean, 0.2, 1e-9);
  EXPECT_NEAR(FindTouchpoint(map, "support/phone")->emotion->mean, 0.2, 1e-9);
  options.min_people = 6;
  const JourneyMap of_more = MapOf(*MapPlaybook(), customers, options);
  EXPECT_EQ(FindCell(of_more, "a", "support/phone")->emotion, absl::nullopt);
  EXPECT_EQ(FindStage(of_more, "a")->emotion, absl::nullopt);
  EXPECT_EQ(FindTouchpoint(of_more, "support/phone")->emotion, absl::nullopt);
}

TEST(MapCounter, UndeclaredTouchpointsAreKeptByName) {
  const RawCustomer customer = Walker({{Day(1), "page_view", "web/page"},
                                       {Day(2), "page_view", "web/new"},
                                       {Day(3), "scan", ""},
                                       {Day(4), "gone", "email/odd"},
                                       {Day(5), "scan", "email/odd"}});
  const JourneyMap map = MapOf(*MapPlaybook(), {customer}, kEverything);
  // By channel, then by volume; without a channel last.
  EXPECT_THAT(
      map.touchpoints,
      ElementsAre(Field(&MapTouchpoint::touchpoint, "email/odd"), Field(&MapTouchpoint::touchpoint, "email/news"),
                  Field(&MapTouchpoint::touchpoint, "web/new"), Field(&MapTouchpoint::touchpoint, "web/page"),
                  Field(&MapTouchpoint::touchpoint, "web/cart"), Field(&MapTouchpoint::touchpoint, "")));
  EXPECT_TRUE(FindTouchpoint(map, "web/new")->undeclared);
  EXPECT_FALSE(FindTouchpoint(map, "web/page")->undeclared);
  EXPECT_FALSE(FindTouchpoint(map, "")->undeclared);
  EXPECT_THAT(FindCell(map, "a", "email/odd")->events,
              ElementsAre(Field(&MapEvents::event, "scan"), Field(&MapEvents::event, "unknown")));
}

TEST(MapCounter, TouchpointsWhoseNamesWereLostAreOther) {
  const auto playbook = MapPlaybook();
  RawCustomer customer = Walker();
  for (int i = 0; i < 40; ++i) customer.touches.push_back({Day(1), "scan", absl::StrCat("web/", i)});
  const JourneyMap map = MapOf(*playbook, {customer}, kEverything);
  ASSERT_NE(FindTouchpoint(map, "(other)"), nullptr);
  EXPECT_EQ(map.touchpoints.back().touchpoint, "(other)");
  EXPECT_EQ(FindTouchpoint(map, "(other)")->volume, 40 - static_cast<int>(segmentation::Trail::kMaxNames));
  int64_t volume = 0;
  for (const MapTouchpoint& touchpoint : map.touchpoints) volume += touchpoint.volume;
  EXPECT_EQ(volume, 40);
  EXPECT_EQ(FindStage(map, "a")->volume, 40);
}

TEST(MapCounter, CustomersWhoseHistoryBeginsWithinThePeriodAreIncomplete) {
  const struct {
    absl::Time dropped_until;
    absl::Time from;
    int64_t incomplete;
  } cases[] = {{absl::InfinitePast(), absl::InfinitePast(), 0},
               {Day(-5), absl::InfinitePast(), 1},
               {Day(3), Day(2), 1},
               {Day(3), Day(3), 1},
               {Day(3), Day(3.1), 0}};
  for (const auto& each : cases) {
    RawCustomer customer = Walker();
    customer.dropped_until = each.dropped_until;
    EXPECT_EQ(MapOf(*MapPlaybook(), {customer}, Over(each.from, Day(90))).incomplete_customers, each.incomplete);
  }
  // Stays that were forgotten, too.
  const auto playbook = MapPlaybook();
  segmentation::Profile profile = ProfileOf(*playbook, Walker());
  profile.positions[0].forgotten.push_back({NameIdOf("a"), 1});
  MapCounter counter(*playbook, 0, {.from = Day(-1)});
  MapCounts counts = counter.Empty();
  counter.Add({profile, profile.positions[0], absl::nullopt}, counts);
  EXPECT_EQ(counts.incomplete_customers, 1);
}

TEST(MapCounter, ActionsAreShownAsOftenAsContactsOrImpressionsSay) {
  RawCustomer customer = Walker({{Day(1), "impression", "web/page", 0, absl::nullopt, "voucher"},
                                 {Day(2), "impression", "web/page", 0, absl::nullopt, "voucher"},
                                 {Day(3), "select_promotion", "web/page", 0, absl::nullopt, "voucher"},
                                 {Day(4), "impression", "web/page", 0, absl::nullopt, "tips"}});
  customer.contacts = {{Day(1), "voucher"}, {Day(2), "tips"}, {Day(3), "tips"}, {Day(99), "tips"}};
  const JourneyMap map = MapOf(*MapPlaybook(), {customer, customer}, Over(Day(0), Day(50)));
  ASSERT_EQ(map.kpis.responses.size(), 2u);
  EXPECT_EQ(map.kpis.responses[0].action, "tips");
  EXPECT_EQ(map.kpis.responses[0].shown, 4);
  EXPECT_EQ(map.kpis.responses[1].action, "voucher");
  EXPECT_EQ(map.kpis.responses[1].shown, 4);
  EXPECT_THAT(map.kpis.responses[1].outcomes,
              ElementsAre(Field(&MapEvents::event, "impression"), Field(&MapEvents::event, "select_promotion")));
}

TEST(MapCounter, PathsAreWhatThePeriodSaw) {
  const auto paths = [](absl::Time from, absl::Time until, std::vector<RawStay> stays) {
    const JourneyMap map = MapOf(*MapPlaybook(), {RawCustomer{.stays = std::move(stays)}}, Over(from, until));
    return map.conformance;
  };
  const std::vector<RawStay> straight = {{"a", Day(0)}, {"b", Day(1)}, {"c", Day(2)}, {"d", Day(3)}};
  Conformance all = paths(absl::InfinitePast(), absl::InfiniteFuture(), straight);
  EXPECT_EQ(all.followed.count, 1);
  EXPECT_TRUE(all.deviations.empty());
  EXPECT_TRUE(all.paths[0].declared);
  // Nobody left the first stage within it.
  Conformance later = paths(Day(1.5), absl::InfiniteFuture(), straight);
  EXPECT_EQ(later.followed.of, 0);
  EXPECT_THAT(later.paths[0].stages, ElementsAre("b", "c", "d"));
  EXPECT_TRUE(later.paths[0].declared);

  Conformance skipped = paths(Day(0), Day(50), {{"a", Day(0)}, {"b", Day(1)}, {"d", Day(2)}, {"a", Day(3)}});
  EXPECT_EQ(skipped.followed.count, 0);
  EXPECT_EQ(skipped.followed.of, 1);
  ASSERT_EQ(skipped.deviations.size(), 1u);  // the first one alone
  EXPECT_EQ(skipped.deviations[0].from_stage, "b");
  EXPECT_EQ(skipped.deviations[0].expected_stage, "c");
  EXPECT_EQ(skipped.deviations[0].actual_stage, "d");
  // What comes after the period is not known to it.
  EXPECT_EQ(paths(Day(0), Day(2), {{"a", Day(0)}, {"b", Day(1)}, {"d", Day(2)}}).followed.count, 1);

  Conformance back =
      paths(Day(0), Day(50), {{"a", Day(0)}, {"b", Day(1)}, {"c", Day(2)}, {"d", Day(3)}, {"a", Day(4)}});
  EXPECT_EQ(back.deviations[0].expected_stage, "");
  EXPECT_FALSE(back.paths[0].declared);
}

}  // namespace
}  // namespace waymark::journey
