#include "service/batch/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/batch/value_bins.h"
#include "tests/service/batch/log_world.h"

namespace waymark::batch {
namespace {

using testing_support::LogWorld;

// Women over 30 are not offered anything.
constexpr absl::string_view kPlaybook = R"yaml(
keep_decisions: 30d
traits: [{name: gender, type: STRING}, {name: age, type: INT}, {name: hobbies, type: STRING_LIST}]
channels: [{name: web}]
events: [{name: accepted}]
actions:
  - {name: deal, kind: OFFER, eligible_when: 'customer.gender != "f" || customer.age <= 30'}
  - {name: greeting, kind: CONTENT, lever: 0.5}
placements: [{name: hero, touchpoint: web/home}, {name: aside, touchpoint: web/aside, fallback: greeting}]
)yaml";

class AuditTest : public ::testing::Test {
 protected:
  // `accepts`: of the offers.
  void Customer(const std::string& name, const std::string& gender, int64_t age, bool accepts) {
    engine::UpdateProfileRequest update{.tenant = "shop", .customer = name, .traits = {{"age", age}}};
    if (!gender.empty()) update.traits.emplace_back("gender", gender);
    ASSERT_TRUE(world_.UpdateProfile(update).ok());
    const engine::DecideAnswer answer =
        world_.Decided({.tenant = "shop", .customer = name, .placements = {"hero"}, .decision_id = "d" + name});
    if (accepts) world_.Outcome(name, "purchase", answer.tokens[0][0]);
  }

  absl::StatusOr<Audit> Run(AuditRequest request) {
    request.tenant = "shop";
    return AuditDecisions(world_.log, request, world_.cancellation, [](const LogProgress&) {});
  }

  LogWorld world_{kPlaybook};
};

TEST_F(AuditTest, ComparesOffersAndAcceptanceOverATraitsValues) {
  for (int i = 0; i < 20; ++i) Customer(absl::StrCat("f", i), "f", 21 + i, i < 4);
  for (int i = 0; i < 10; ++i) Customer(absl::StrCat("m", i), "m", 21 + i, i < 8);
  for (int i = 0; i < 2; ++i) Customer(absl::StrCat("x", i), "x", 30, false);
  for (int i = 0; i < 6; ++i) Customer(absl::StrCat("n", i), "", 40, false);
  // What does not count: another event, an outcome that comes twice, a retry, anonymous visitors.
  world_.Decided({.tenant = "shop", .customer = "m0", .placements = {"hero"}, .decision_id = "dm0"});
  world_.Decided({.tenant = "shop", .placements = {"hero"}});
  const auto token =
      world_.Decided({.tenant = "shop", .customer = "m9", .placements = {"hero"}, .decision_id = "dm9"}).tokens[0][0];
  world_.Outcome("m9", "page_view", token);

  const auto audit = Run({.trait = "gender"});
  ASSERT_TRUE(audit.ok()) << audit.status();
  // The two of "x" would be recognized; so those of whom nothing is known are put with them.
  ASSERT_EQ(audit->groups.size(), 3u);
  const AuditGroup& f = audit->groups[0];
  EXPECT_EQ(f.value, "f");
  EXPECT_EQ(f.customers, 20);
  EXPECT_EQ(f.offered.total, 20);
  EXPECT_EQ(f.offered.hits, 10);
  EXPECT_EQ(f.accepted.total, 10);
  EXPECT_EQ(f.accepted.hits, 4);
  const AuditGroup& m = audit->groups[1];
  EXPECT_EQ(m.value, "m");
  EXPECT_EQ(m.offered.total, 10);
  EXPECT_EQ(m.offered.hits, 10);
  EXPECT_EQ(m.accepted.hits, 8);
  EXPECT_TRUE(audit->groups[2].other);
  EXPECT_EQ(audit->groups[2].customers, 8);
  EXPECT_EQ(audit->groups[2].offered.hits, 2);  // the rule errs where the gender is not known
  EXPECT_EQ(audit->anonymous, 1);
  EXPECT_EQ(audit->not_counted, 0);

  const auto views = Run({.trait = "gender", .accepted_by = {"page_view"}});
  EXPECT_EQ(views->groups[1].accepted.hits, 1);
  EXPECT_EQ(Run({.trait = "gender", .action = "greeting"})->groups[0].offered.hits, 10);
  EXPECT_EQ(Run({.trait = "gender", .placement = "aside"}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Run({.trait = "gender", .range = {.since = world_.clock.Now() + absl::Hours(1)}}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(AuditTest, SaysWhatThePlaybookDoesNotHave) {
  for (const AuditRequest& request :
       {AuditRequest{.trait = "size"}, AuditRequest{.trait = "hobbies"},
        AuditRequest{.trait = "gender", .placement = "nowhere"}, AuditRequest{.trait = "gender", .action = "nothing"},
        AuditRequest{.trait = "gender", .accepted_by = {"dance"}}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Run(request).status())) << request.trait;
  }
}

std::vector<std::pair<std::string, int64_t>> GroupsOf(const absl::StatusOr<Audit>& audit) {
  EXPECT_TRUE(audit.ok()) << audit.status();
  std::vector<std::pair<std::string, int64_t>> groups;
  for (const AuditGroup& group : audit->groups)
    groups.emplace_back(group.other ? "other" : group.not_known ? "not known" : group.value, group.customers);
  return groups;
}

TEST_F(AuditTest, PutsNumbersIntoQuartilesInTheirOrder) {
  using ::testing::ElementsAre;
  using ::testing::Pair;
  for (int i = 0; i < 40; ++i) Customer(absl::StrCat("m", i), "m", 8 + i, i % 2 == 0);
  const auto audit = Run({.trait = "age"});
  EXPECT_THAT(GroupsOf(audit),
              ElementsAre(Pair("up to 17", 10), Pair("18 to 27", 10), Pair("28 to 37", 10), Pair("38 and more", 10)));
  for (const AuditGroup& group : audit->groups) {
    EXPECT_EQ(group.offered.total, 10);
    EXPECT_EQ(group.accepted.hits, 5);
  }
}

TEST_F(AuditTest, TakesThePopulationsDecilesWhereThereAreAny) {
  using ::testing::ElementsAre;
  using ::testing::Pair;
  const auto stored = engine::Await<engine::Playbooks::PopulationPointer>([this](auto done) {
    segmentation::Population population{.version = 1};
    population.bins = {{"age", {20, 30}}};
    world_.playbooks.StorePopulation("shop", std::move(population), LogWorld::Deadline(), std::move(done));
  });
  ASSERT_TRUE(stored.ok()) << stored.status();
  for (int i = 0; i < 40; ++i) Customer(absl::StrCat("m", i), "m", 8 + i, false);
  EXPECT_THAT(GroupsOf(Run({.trait = "age"})),
              ElementsAre(Pair("up to 20", 13), Pair("21 to 30", 10), Pair("31 and more", 17)));
}

TEST_F(AuditTest, LeavesFewNumbersAsTheyAre) {
  using ::testing::ElementsAre;
  using ::testing::Pair;
  for (int i = 0; i < 20; ++i) Customer(absl::StrCat("m", i), "m", i < 10 ? 9 : 10, false);
  EXPECT_THAT(GroupsOf(Run({.trait = "age"})), ElementsAre(Pair("9", 10), Pair("10", 10)));
}

TEST(ValueBins, SayWhatIsInThem) {
  const ValueBins ages({25, 26, 34.5}, /*whole=*/true);
  const ValueBins spends({25, 34.5}, /*whole=*/false);
  const struct {
    const ValueBins& bins;
    double value;
    const char* label;
  } kCases[] = {{ages, 25, "up to 25"},       {ages, 26, "26"},
                {ages, 27, "27 to 34"},       {ages, 35, "35 and more"},
                {spends, 25, "up to 25"},     {spends, 25.01, "over 25 to 34.5"},
                {spends, 34.51, "over 34.5"}, {ValueBins({}, true), 7, "all"}};
  for (const auto& each : kCases) EXPECT_EQ(each.bins.Label(each.bins.Of(each.value)), each.label);
}

TEST(QuartilesOf, AreBelowTheLargestAndEachOnce) {
  using ::testing::ElementsAre;
  EXPECT_THAT(QuartilesOf({{1, 1}, {2, 1}, {3, 1}, {4, 1}}), ElementsAre(1, 2, 3));
  EXPECT_THAT(QuartilesOf({{1, 90}, {2, 5}, {3, 5}}), ElementsAre(1));
  EXPECT_THAT(QuartilesOf({{1, 5}, {2, 95}}), ElementsAre());
  EXPECT_THAT(QuartilesOf({{0, 30}, {1, 30}, {2, 40}}), ElementsAre(0, 1));
  EXPECT_THAT(QuartilesOf({}), ElementsAre());
}

AuditGroup Group(std::string value, int64_t customers) {
  return {.value = std::move(value), .customers = customers, .offered = {customers, customers}};
}

std::vector<std::pair<std::string, int64_t>> Pooled(std::vector<AuditGroup> groups) {
  std::vector<std::pair<std::string, int64_t>> pooled;
  for (const AuditGroup& group : PoolSmallGroups(std::move(groups)))
    pooled.emplace_back(group.other ? "other" : group.value, group.customers);
  return pooled;
}

TEST(PoolSmallGroups, NobodyIsRecognized) {
  using ::testing::ElementsAre;
  using ::testing::Pair;
  EXPECT_THAT(Pooled({Group("a", 5), Group("b", 9)}), ElementsAre(Pair("a", 5), Pair("b", 9)));
  EXPECT_THAT(Pooled({Group("a", 4), Group("b", 9), Group("c", 1)}), ElementsAre(Pair("b", 9), Pair("other", 5)));
  // What is left over alone would be seen by subtraction: the smallest joins it.
  EXPECT_THAT(Pooled({Group("a", 4), Group("b", 9), Group("c", 7)}), ElementsAre(Pair("b", 9), Pair("other", 11)));
  EXPECT_THAT(Pooled({Group("a", 2)}), ElementsAre(Pair("other", 2)));
  EXPECT_THAT(Pooled({}), ElementsAre());
}

}  // namespace
}  // namespace waymark::batch
