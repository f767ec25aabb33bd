#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "segmentation/fold.h"
#include "service/journey/map.h"
#include "service/journey/order_counter.h"
#include "tests/service/journey/map_world.h"
#include "tests/support/playbooks.h"

namespace waymark::journey {
namespace {

using segmentation::NameIdOf;
using testing::ElementsAre;

constexpr int64_t kOne = 1'000'000;

JourneyKpis KpisOf(const std::vector<RawCustomer>& customers, MapPeriod period = {}, int min_people = 1) {
  return MapOf(*MapPlaybook(), customers, {.period = period, .as_of = Day(100), .min_people = min_people}).kpis;
}

RawTouch Answer(double day, const std::string& type, int64_t score) { return {Day(day), type, "", score * kOne}; }
RawTouch Order(double day, int64_t amount = 10) { return {Day(day), "purchase", "web/cart", amount * kOne}; }

RawCustomer Who(std::vector<RawTouch> touches) { return {.stays = {{"a", Day(-400)}}, .touches = std::move(touches)}; }

TEST(Kpis, NpsCountsTheNewestAnswerOfEachCustomer) {
  const std::vector<RawCustomer> customers = {Who({Answer(1, "nps", 0), Answer(2, "nps", 9)}),
                                              Who({Answer(1, "nps", 10)}),
                                              Who({Answer(1, "nps", 8)}),
                                              Who({Answer(1, "nps", 7)}),
                                              Who({Answer(1, "nps", 6)}),
                                              Who({Answer(60, "nps", 0)})};
  const NpsKpi nps = *KpisOf(customers, {.until = Day(50)}).nps;
  EXPECT_EQ(nps.promoters, 2);
  EXPECT_EQ(nps.passives, 2);
  EXPECT_EQ(nps.detractors, 1);
  EXPECT_NEAR(nps.score, 20, 1e-9);
  EXPECT_NEAR(nps.high - nps.score, 100 * 1.959963985 * 0.334664, 1e-3);  // sqrt((0.6 - 0.04) / 5)
  EXPECT_EQ(KpisOf(customers, {.until = Day(1.5)}).nps->detractors, 2);
  EXPECT_EQ(KpisOf(customers, {.until = Day(50)}, 6).nps, absl::nullopt);
}

TEST(Kpis, ScoresAreMeansOfTheirScales) {
  std::vector<RawCustomer> customers;
  for (const int64_t score : {1, 2, 4, 5, 5}) {
    customers.push_back(Who({Answer(1, "csat", score), Answer(1, "ces", score + 2), Answer(1, "rate_product", score)}));
  }
  const JourneyKpis kpis = KpisOf(customers);
  EXPECT_NEAR(kpis.csat->mean, 3.4, 1e-9);
  EXPECT_NEAR(kpis.csat->low, 3.4 - 2.7764451 * 0.8124038, 1e-5);
  EXPECT_EQ(kpis.csat->high, 5);
  EXPECT_EQ(kpis.csat->satisfied.count, 3);
  EXPECT_EQ(kpis.csat->satisfied.of, 5);
  EXPECT_NEAR(kpis.ces->mean, 5.4, 1e-9);
  EXPECT_EQ(kpis.ces->satisfied.count, 3);
  EXPECT_NEAR(kpis.rating->mean, 3.4, 1e-9);
  EXPECT_EQ(KpisOf(customers, {}, 6).csat, absl::nullopt);
  EXPECT_EQ(KpisOf({Who({Answer(1, "csat", 5)})}).csat->low, 5);
}

TEST(Kpis, ReachIsAFunnel) {
  const JourneyKpis kpis = KpisOf({{.stays = {{"a", Day(0)}}},
                                   {.stays = {{"a", Day(0)}, {"c", Day(1)}, {"b", Day(2)}}},  // over b
                                   {.stays = {{"gone", Day(0)}}},
                                   {.stays = {{"d", Day(60)}}}},
                                  {.until = Day(50)});
  ASSERT_EQ(kpis.reach.size(), 4u);
  EXPECT_EQ(kpis.reach[0].reached.of, 2);
  EXPECT_EQ(kpis.reach[0].reached.count, 2);
  EXPECT_EQ(kpis.reach[1].reached.count, 1);
  EXPECT_EQ(kpis.reach[2].reached.count, 1);
  EXPECT_EQ(kpis.reach[3].reached.count, 0);
}

TEST(Kpis, BuyersRepeatAndChurn) {
  const std::vector<RawCustomer> customers = {Who({Order(5), Order(30, 20)}),   // before, and within
                                              Who({Order(30, 5)}),              // for the first time
                                              Who({Order(25), Order(26, 7)}),   // twice within
                                              Who({Order(19.99)}),              // not any more
                                              Who({Order(12), Order(22, 3)}),   // still
                                              Who({Order(8.99)}),               // too long before
                                              Who({Order(40)}),                 // afterwards
                                              Who({Order(20, 1), Order(45)})};  // on the first day
  const JourneyKpis kpis = KpisOf(customers, {.from = Day(20), .until = Day(30.5)});
  EXPECT_EQ(kpis.repeat_buyers.of, 5);
  EXPECT_EQ(kpis.repeat_buyers.count, 3);
  EXPECT_EQ(kpis.revenue_micros, (20 + 5 + 10 + 7 + 3 + 1) * kOne);
  EXPECT_NEAR(kpis.revenue_per_customer, 46.0 / 8, 1e-9);
  // Eleven days, and so the eleven from day 9 on.
  ASSERT_TRUE(kpis.churned.has_value());
  EXPECT_EQ(kpis.churned->of, 2);
  EXPECT_EQ(kpis.churned->count, 1);
  EXPECT_EQ(KpisOf(customers, {.until = Day(30)}).churned, absl::nullopt);
  EXPECT_EQ(KpisOf(customers, {.from = Day(30)}).churned, absl::nullopt);
  EXPECT_EQ(KpisOf(customers, {.from = Day(-171), .until = Day(30)}).churned, absl::nullopt);
  EXPECT_TRUE(KpisOf(customers, {.from = Day(-170), .until = Day(30)}).churned.has_value());
}

TEST(Kpis, CohortsComeBackMonthByMonth) {
  // Day 0 is the first of January, 31 that of February, 59 that of March, 90 that of April.
  const std::vector<RawCustomer> customers = {Who({Order(2), Order(3), Order(58.9), Order(59)}), Who({Order(30.9)}),
                                              Who({Order(31), Order(91)}), Who({Order(-400), Order(31)})};
  const auto cohorts = KpisOf(customers, {.until = Day(89)}).cohorts;
  ASSERT_EQ(cohorts.size(), 2u);
  EXPECT_EQ(cohorts[0].month, Day(0));
  EXPECT_EQ(cohorts[0].customers, 2);
  EXPECT_THAT(cohorts[0].active, ElementsAre(1, 1));
  EXPECT_EQ(cohorts[1].month, Day(31));
  EXPECT_EQ(cohorts[1].customers, 1);
  EXPECT_THAT(cohorts[1].active, ElementsAre(0));
  // An open period ends where the map was made: in April.
  EXPECT_THAT(KpisOf(customers).cohorts[1].active, ElementsAre(0, 1));
  // Only those who began within it.
  EXPECT_EQ(KpisOf(customers, {.from = Day(31)}).cohorts.size(), 1u);
}

TEST(Kpis, OnboardedAreWhoUsedItOrMovedOn) {
  const auto buyer = [](std::vector<RawStay> stays, std::vector<RawTouch> more) {
    RawCustomer customer{.stays = std::move(stays), .touches = {Order(10)}};
    for (const RawTouch& touch : more) customer.touches.push_back(touch);
    return customer;
  };
  const std::vector<RawStay> bought = {{"a", Day(0)}, {"c", Day(10)}};  // the order brought them to c
  const std::vector<RawStay> moved = {{"a", Day(0)}, {"c", Day(10)}, {"d", Day(20)}};
  const std::vector<RawStay> fell = {{"a", Day(0)}, {"c", Day(10)}, {"b", Day(20)}};
  const std::vector<RawStay> late = {{"a", Day(0)}, {"c", Day(10)}, {"d", Day(60)}};
  const struct {
    RawCustomer customer;
    int64_t onboarded;
  } cases[] = {{buyer(bought, {}), 0},
               {buyer(moved, {}), 1},
               {buyer(fell, {}), 0},
               {buyer(late, {}), 0},
               {buyer(bought, {{Day(11), "use_product", ""}}), 1},
               {buyer(bought, {{Day(51), "use_product", ""}}), 0}};
  for (const auto& each : cases) {
    const JourneyKpis kpis = KpisOf({each.customer}, {.from = Day(5), .until = Day(50)});
    EXPECT_EQ(kpis.onboarded.of, 1);
    EXPECT_EQ(kpis.onboarded.count, each.onboarded);
  }
  RawCustomer again = buyer(moved, {Order(12)});
  again.touches.insert(again.touches.begin(), Order(1));
  EXPECT_EQ(KpisOf({again}, {.from = Day(5), .until = Day(50)}).onboarded.of, 0);
}

TEST(Kpis, AdvocatesTellOthers) {
  const struct {
    std::vector<RawTouch> touches;
    int64_t of, count;
  } cases[] = {{{Order(10)}, 1, 0},
               {{Order(10), {Day(11), "refer_friend", ""}}, 1, 1},
               {{Order(10), {Day(11), "share", ""}}, 1, 1},
               {{Order(10), {Day(61), "share", ""}}, 1, 0},
               {{Order(10), Answer(11, "rate_product", 4)}, 1, 1},
               {{Order(10), Answer(11, "rate_product", 5), Answer(12, "rate_product", 3)}, 1, 0},  // the newest
               {{{Day(11), "share", ""}}, 0, 0}};
  for (const auto& each : cases) {
    const JourneyKpis kpis = KpisOf({Who(each.touches)}, {.from = Day(5), .until = Day(50)});
    EXPECT_EQ(kpis.advocates.of, each.of);
    EXPECT_EQ(kpis.advocates.count, each.count);
  }
}

TEST(Kpis, LifetimeValueIsOfThoseOfWhomItIsKnown) {
  RawCustomer rich = Who({});
  rich.lifetime_value = 100.5;
  RawCustomer poor = Who({});
  poor.lifetime_value = 0;
  EXPECT_NEAR(*KpisOf({rich, poor, Who({})}).lifetime_value, 50.25, 1e-9);
  EXPECT_EQ(KpisOf({Who({})}).lifetime_value, absl::nullopt);
}

// What the ledger does not keep by the day any more is in its totals.
TEST(OrderCounter, OldOrdersCountWhereThePeriodHasAllOfThem) {
  segmentation::Profile profile;
  for (const double day : {0.0, 10.0, 600.0, 610.0}) profile.ledger.Add(NameIdOf("purchase"), Day(day), 100 * kOne);
  const struct {
    MapPeriod period;
    int64_t buyers, repeat_buyers, first_time_buyers, revenue;
  } cases[] = {{{}, 1, 1, 1, 400},
               {{.from = Day(-5)}, 1, 1, 1, 400},
               {{.from = Day(5)}, 1, 1, 0, 200},
               {{.from = Day(600), .until = Day(601)}, 1, 1, 0, 100},
               {{.from = Day(601), .until = Day(610)}, 0, 0, 0, 0},
               {{.from = Day(-5), .until = Day(5)}, 1, 0, 1, 0}};
  for (const auto& each : cases) {
    KpiCounts counts;
    OrderCounter(NameIdOf("purchase"), each.period).Add(profile, {}, false, counts);
    EXPECT_EQ(counts.buyers, each.buyers);
    EXPECT_EQ(counts.repeat_buyers, each.repeat_buyers);
    EXPECT_EQ(counts.first_time_buyers, each.first_time_buyers);
    EXPECT_EQ(counts.revenue_micros, each.revenue * kOne);
  }
}

TEST(OrderCounter, AnOrderIsWhatThePlaybookSays) {
  const auto playbook = testing_support::MustCompile(R"yaml(
    events: [{name: till}]
    population: {purchase: till}
    journeys: [{name: j, preset: SIX_STAGES}])yaml");
  const RawCustomer customer{.stays = {{"awareness", Day(0)}}, .touches = {{Day(1), "till", "", 7 * kOne}, Order(2)}};
  EXPECT_EQ(MapOf(*playbook, {customer}, {.as_of = Day(9)}).kpis.revenue_micros, 7 * kOne);
}

}  // namespace
}  // namespace waymark::journey
