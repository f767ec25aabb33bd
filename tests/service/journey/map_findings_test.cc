#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "service/journey/map.h"
#include "tests/service/journey/map_world.h"

namespace waymark::journey {
namespace {

JourneyMap MapOfAll(const std::vector<RawCustomer>& customers, int min_people = 10) {
  return MapOf(*MapPlaybook(), customers, {.as_of = Day(100), .min_people = min_people});
}

enum class Way { kOn, kBack, kStays };

// So many customers who stood in b and went one way; with a touch there.
void AddMany(int count, Way way, const std::vector<RawTouch>& touches, std::vector<RawCustomer>& customers) {
  for (int i = 0; i < count; ++i) {
    RawCustomer customer{.stays = {{"a", Day(0)}, {"b", Day(10)}}, .touches = touches};
    if (way == Way::kOn) customer.stays.push_back({"c", Day(20)});
    if (way == Way::kBack) customer.stays.push_back({"a", Day(20)});
    customers.push_back(customer);
  }
}

const RawTouch kCart{Day(15), "page_view", "web/cart"};
const RawTouch kPage{Day(15), "page_view", "web/page"};
const RawTouch kVoucher{Day(15), "impression", "", 0, absl::nullopt, "voucher"};

TEST(Opportunities, AreWhatPrecedesProgressMoreThanChanceWould) {
  std::vector<RawCustomer> customers;
  AddMany(60, Way::kOn, {kCart}, customers);
  AddMany(40, Way::kBack, {kCart}, customers);
  AddMany(40, Way::kOn, {}, customers);
  AddMany(60, Way::kBack, {}, customers);
  AddMany(500, Way::kStays, {kCart}, customers);  // who still stands there says nothing yet
  const JourneyMap map = MapOfAll(customers);
  ASSERT_EQ(map.opportunities.size(), 1u);
  const Opportunity& found = map.opportunities[0];
  EXPECT_EQ(found.stage, "b");
  EXPECT_EQ(found.touchpoint, "web/cart");
  EXPECT_EQ(found.action, "");
  EXPECT_EQ(found.with.count, 60);
  EXPECT_EQ(found.with.of, 100);
  EXPECT_EQ(found.without.count, 40);
  EXPECT_EQ(found.without.of, 100);
  EXPECT_NEAR(found.gain, 0.2, 1e-12);
  EXPECT_NEAR(found.p_value, 0.004677734981047276, 1e-9);  // of scipy, see proportions_test.cc
}

TEST(Opportunities, AreOfActionsToo) {
  std::vector<RawCustomer> customers;
  AddMany(60, Way::kOn, {kVoucher}, customers);
  AddMany(40, Way::kBack, {kVoucher}, customers);
  AddMany(40, Way::kOn, {}, customers);
  AddMany(60, Way::kBack, {}, customers);
  JourneyMap map = MapOfAll(customers);
  ASSERT_EQ(map.opportunities.size(), 1u);
  EXPECT_EQ(map.opportunities[0].action, "voucher");
  EXPECT_EQ(map.opportunities[0].touchpoint, "");
  // A contact is as good as an impression.
  for (RawCustomer& customer : customers) {
    if (customer.touches.empty()) continue;
    customer.touches.clear();
    customer.contacts = {{Day(15), "voucher"}};
  }
  map = MapOfAll(customers);
  ASSERT_EQ(map.opportunities.size(), 1u);
  EXPECT_EQ(map.opportunities[0].with.of, 100);
}

TEST(Opportunities, NeedEnoughStaysOnEitherSide) {
  for (const int without : {9, 10}) {
    std::vector<RawCustomer> customers;
    AddMany(100, Way::kOn, {kCart}, customers);
    AddMany(without, Way::kBack, {}, customers);
    EXPECT_EQ(MapOfAll(customers, 10).opportunities.empty(), without < 10);
  }
  for (const int with : {9, 10}) {
    std::vector<RawCustomer> customers;
    AddMany(with, Way::kOn, {kCart}, customers);
    AddMany(100, Way::kBack, {}, customers);
    EXPECT_EQ(MapOfAll(customers, 10).opportunities.empty(), with < 10);
  }
}

TEST(Opportunities, AreNotWhatPrecedesProgressLess) {
  std::vector<RawCustomer> customers;
  AddMany(10, Way::kOn, {kCart}, customers);
  AddMany(90, Way::kBack, {kCart}, customers);
  AddMany(90, Way::kOn, {}, customers);
  AddMany(10, Way::kBack, {}, customers);
  EXPECT_TRUE(MapOfAll(customers).opportunities.empty());
}

// Where nothing has an effect, no more than some 5 % of the maps show anything: every discovery would be a false one.
TEST(Opportunities, AreRarelyFalse) {
  const std::vector<std::string> touchpoints = {"web/page",   "web/cart", "support/phone",
                                                "email/news", "web/1",    "web/2"};
  std::mt19937_64 random(3);
  int false_maps = 0;
  constexpr int kMaps = 200;
  for (int i = 0; i < kMaps; ++i) {
    std::vector<RawCustomer> customers;
    for (int j = 0; j < 150; ++j) {
      std::vector<RawTouch> touches;
      for (const std::string& touchpoint : touchpoints) {
        if (random() % 3 == 0) touches.push_back({Day(15), "page_view", touchpoint});
      }
      AddMany(1, random() % 2 == 0 ? Way::kOn : Way::kBack, touches, customers);
    }
    const JourneyMap map = MapOfAll(customers);
    // Drop-offs are the same the other way round.
    bool found = !map.opportunities.empty();
    for (const PainPoint& point : map.pain_points) found = found || point.kind == PainPointKind::kDropOff;
    false_maps += found ? 1 : 0;
  }
  EXPECT_LE(false_maps, kMaps * 0.05 + 3 * 3.1);  // three standard errors
  EXPECT_GT(false_maps, 0);
}

TEST(PainPoints, AreWhereCustomersFallBackMoreThanTheOthersOfTheStage) {
  std::vector<RawCustomer> customers;
  AddMany(40, Way::kOn, {kCart}, customers);
  AddMany(60, Way::kBack, {kCart}, customers);
  AddMany(60, Way::kOn, {}, customers);
  AddMany(40, Way::kBack, {}, customers);
  // One who came back afterwards is not lost.
  customers[40].stays.push_back({"b", Day(30)});
  const JourneyMap map = MapOfAll(customers);
  ASSERT_EQ(map.pain_points.size(), 1u);
  const PainPoint& point = map.pain_points[0];
  EXPECT_EQ(point.kind, PainPointKind::kDropOff);
  EXPECT_EQ(point.stage, "b");
  EXPECT_EQ(point.touchpoint, "web/cart");
  EXPECT_EQ(point.customers_lost, 59);
  EXPECT_EQ(point.here->count, 60);
  EXPECT_EQ(point.here->of, 100);
  EXPECT_EQ(point.elsewhere->count, 40);
  EXPECT_EQ(point.elsewhere->of, 100);
  EXPECT_NEAR(point.severity, 0.2, 1e-12);
  EXPECT_EQ(point.evidence,
            "60 % of 100 stays at web/cart in b ended by falling back, against 40 % of 100 without it; 59 customers "
            "fell back last time");
}

// Stages are compared with each other, but for the first and the last.
TEST(PainPoints, AreStagesWhereMoreFallBackThanInOthers) {
  std::vector<RawCustomer> customers;
  AddMany(20, Way::kOn, {}, customers);
  AddMany(80, Way::kBack, {}, customers);
  for (int i = 0; i < 100; ++i) {
    customers.push_back({.stays = {{"c", Day(0)}, {i < 80 ? "d" : "a", Day(5)}}});
    customers.push_back({.stays = {{"d", Day(0)}, {"a", Day(5)}}});
  }
  const JourneyMap map = MapOfAll(customers);
  ASSERT_EQ(map.pain_points.size(), 1u);
  EXPECT_EQ(map.pain_points[0].stage, "b");
  EXPECT_EQ(map.pain_points[0].touchpoint, "");
  EXPECT_EQ(map.pain_points[0].customers_lost, 80);
  EXPECT_NEAR(map.pain_points[0].severity, 0.8 - 0.2, 1e-12);
  EXPECT_EQ(map.pain_points[0].evidence,
            "80 % of 100 stays in b ended by falling back, against 20 % of 100 in other stages; 80 customers fell back "
            "last time");
}

TEST(PainPoints, AreWhereItFeelsBadForSure) {
  std::vector<RawCustomer> customers;
  for (int i = 0; i < 12; ++i) AddMany(1, Way::kStays, {{Day(15), "scan", "support/phone", 0, -40 - i}}, customers);
  AddMany(3, Way::kStays, {{Day(15), "scan", "support/phone", 0, 10}}, customers);
  // Half of these are happy.
  for (int i = 0; i < 20; ++i)
    AddMany(1, Way::kStays, {{Day(15), "scan", "web/page", 0, i % 2 == 0 ? -60 : 50}}, customers);
  const JourneyMap map = MapOfAll(customers);
  ASSERT_EQ(map.pain_points.size(), 2u);
  EXPECT_EQ(map.pain_points[0].touchpoint, "support/phone");
  EXPECT_EQ(map.pain_points[0].kind, PainPointKind::kEmotion);
  EXPECT_EQ(map.pain_points[0].customers_lost, 12);
  EXPECT_NEAR(map.pain_points[0].severity, -map.pain_points[0].emotion->mean, 1e-12);
  EXPECT_EQ(map.pain_points[0].evidence,
            "15 people felt -0.34 on average (-0.47 to -0.22) at support/phone in b, 12 of them badly");
  // The stage as a whole: more of its people than those of one touchpoint.
  EXPECT_EQ(map.pain_points[1].touchpoint, "");
  EXPECT_EQ(map.pain_points[1].customers_lost, 22);
}

TEST(PainPoints, AreTroubleByHowManyHaveIt) {
  std::vector<RawCustomer> customers;
  AddMany(12, Way::kStays, {{Day(15), "contact_support", "support/phone"}}, customers);
  AddMany(28, Way::kStays, {kPage}, customers);
  const JourneyMap map = MapOfAll(customers);
  ASSERT_EQ(map.pain_points.size(), 2u);
  // As the emotion of a call for help is -0.3 for all 12, and so has no doubt.
  EXPECT_EQ(map.pain_points[0].kind, PainPointKind::kEmotion);
  const PainPoint& trouble = map.pain_points[1];
  EXPECT_EQ(trouble.kind, PainPointKind::kTrouble);
  EXPECT_EQ(trouble.touchpoint, "support/phone");
  EXPECT_EQ(trouble.customers_lost, 12);
  EXPECT_EQ(trouble.here->of, 40);
  EXPECT_NEAR(trouble.severity, 0.3, 1e-12);
  EXPECT_EQ(trouble.evidence,
            "12 customers of 40 in b (30 %) complained, asked for help or sent something back at support/phone");
  // Fewer than are shown at least.
  EXPECT_TRUE(MapOfAll(customers, 13).pain_points.empty());
}

TEST(PainPoints, OfAStageAsAWholeSayWhatNoTouchpointSaysAlone) {
  std::vector<RawCustomer> customers;
  AddMany(11, Way::kStays, {{Day(15), "complaint", "support/phone"}}, customers);
  AddMany(14, Way::kStays, {{Day(15), "complaint", "web/page"}}, customers);
  AddMany(5, Way::kStays, {{Day(15), "complaint", ""}}, customers);
  const JourneyMap map = MapOfAll(customers);
  std::vector<std::string> troubles;
  for (const PainPoint& point : map.pain_points) {
    if (point.kind == PainPointKind::kTrouble) troubles.push_back(point.touchpoint);
  }
  EXPECT_THAT(troubles, testing::ElementsAre("", "web/page", "support/phone"));
}

}  // namespace
}  // namespace waymark::journey
