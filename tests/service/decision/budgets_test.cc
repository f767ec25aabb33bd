#include "service/decision/budgets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "segmentation/fold.h"
#include "tests/support/playbooks.h"

namespace waymark::decision {
namespace {

using segmentation::Profile;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

class BudgetsTest : public ::testing::Test {
 protected:
  Request Ask(std::vector<int8_t> budgets, std::vector<const char*> placements = {"hero"}) {
    Request request{.decision_id = "d1", .explain = true, .budgets = std::move(budgets)};
    for (const char* name : placements) request.placements.push_back(playbook_->placement_by_name.at(name));
    return request;
  }

  std::vector<std::string> Given(const Decision& decision) {
    std::vector<std::string> names;
    for (const PlacementDecision& placement : decision.placements) {
      for (const Chosen& chosen : placement.chosen) names.push_back(playbook_->actions[chosen.action].name);
    }
    return names;
  }

  const Candidate& Of(const Decision& decision, absl::string_view action) {
    for (const Candidate& candidate : decision.placements[0].candidates) {
      if (playbook_->actions[candidate.action].name == action) return candidate;
    }
    ADD_FAILURE() << action;
    return decision.placements[0].candidates[0];
  }

  std::shared_ptr<const playbook::Playbook> playbook_ = testing_support::MustCompile(R"yaml(
channels: [{name: web}]
budgets: [{name: stock, amount: 10}, {name: money, amount: 10}]
actions:
  - {name: bag, kind: OFFER, value: {micros: 9000000}, budgets: [stock, money]}
  - {name: hat, kind: OFFER, value: {micros: 8000000}, budgets: [stock]}
  - {name: cap, kind: OFFER, value: {micros: 7000000}, budgets: [stock]}
  - {name: news, kind: CONTENT, value: {micros: 1}}
placements:
  - {name: hero, touchpoint: web/home, fallback: news}
  - {name: side, touchpoint: web/side}
  - {name: foot, touchpoint: web/foot}
)yaml");
};

TEST_F(BudgetsTest, WhatIsThereIsTakenFromEachBudget) {
  const Decision decision = Decide(*playbook_, Profile(), Ask({1, 1}), kNow);
  EXPECT_THAT(Given(decision), ElementsAre("bag"));
  EXPECT_THAT(decision.units, ElementsAre(TakenUnit{0, 0, 0}, TakenUnit{1, 0, 0}));
}

TEST_F(BudgetsTest, EachOfAnActionsBudgetsMustHaveOne) {
  const Decision decision = Decide(*playbook_, Profile(), Ask({1, 0}), kNow);
  EXPECT_THAT(Given(decision), ElementsAre("hat"));
  EXPECT_EQ(Of(decision, "bag").reason, Reason::kBudget);
  EXPECT_EQ(Of(decision, "bag").detail, "money");
  EXPECT_THAT(decision.units, ElementsAre(TakenUnit{0, 1, 0}));
}

TEST_F(BudgetsTest, WhatIsNotKnownIsRefused) {
  for (const std::vector<int8_t>& unknown : {std::vector<int8_t>{kBudgetUnknown, 1}, std::vector<int8_t>{}}) {
    const Decision decision = Decide(*playbook_, Profile(), Ask(unknown), kNow);
    EXPECT_THAT(Given(decision), ElementsAre("news"));
    EXPECT_EQ(Of(decision, "bag").reason, Reason::kBudgetUnknown);
    EXPECT_EQ(Of(decision, "bag").detail, "stock");
    EXPECT_THAT(decision.units, IsEmpty());
  }
}

TEST_F(BudgetsTest, ThreePlacementsDoNotTakeThreeFromABudgetWithTwoLeft) {
  const Decision decision = Decide(*playbook_, Profile(), Ask({2, 2}, {"hero", "side", "foot"}), kNow);
  EXPECT_THAT(Given(decision), ElementsAre("bag", "hat", "news"));
  EXPECT_EQ(decision.units.size(), 3u);
}

TEST_F(BudgetsTest, AnotherTryOfTheSameDecisionTakesNothingMoreAndNeedsNothing) {
  Profile profile;
  const Decision first = Decide(*playbook_, profile, Ask({1, 1}), kNow);
  for (const segmentation::Contact& contact : first.contacts) segmentation::AddContact(profile, contact, kNow);
  ASSERT_EQ(profile.contacts.size(), 1u);
  const Decision retry = Decide(*playbook_, profile, Ask({0, kBudgetUnknown}), kNow);
  EXPECT_THAT(Given(retry), ElementsAre("bag"));
  EXPECT_THAT(retry.units, IsEmpty());
  Request other = Ask({0, 0});
  other.decision_id = "d2";
  EXPECT_THAT(Given(Decide(*playbook_, profile, other, kNow)), ElementsAre("news"));
}

}  // namespace
}  // namespace waymark::decision
