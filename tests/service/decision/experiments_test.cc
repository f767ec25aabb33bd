#include "service/decision/experiments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "absl/strings/str_cat.h"
#include "segmentation/stable_hash.h"
#include "service/decision/decision.h"
#include "tests/support/playbooks.h"

namespace waymark::decision {
namespace {

using segmentation::NameIdOf;
using segmentation::Profile;
using ::testing::ElementsAre;

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

constexpr absl::string_view kPlaybook = R"yaml(
traits: [{name: age, type: INT}]
channels: [{name: web}]
groups: [{name: coupons}]
actions:
  - {name: a, kind: OFFER, group: coupons, value: {micros: 5000000}, treatments: [{channel: web, body: plain}, {channel: web, variant: loud, body: LOUD}]}
  - {name: b, kind: OFFER, value: {micros: 4000000}, propensity: 0.5}
  - {name: c, kind: OFFER, value: {micros: 3000000}}
  - {name: news, kind: CONTENT, value: {micros: 1}}
placements: [{name: hero, touchpoint: web/home, fallback: news}]
experiments:
  - {name: quiet, arms: [{name: out, share: 1000, hold_out: true}]}
  - name: push
    when: customer.age >= 18
    arms:
      - {name: control, share: 5000}
      - {name: lever, share: 2500, changes: [{name: c, lever: 10}]}
      - {name: without, share: 2500, changes: [{name: coupons, exclude: true}]}
  - name: text
    within: push.control
    arms: [{name: loud, share: 5000, changes: [{name: a, variant: loud}]}, {name: plain, share: 5000}]
  - name: policy
    within: text.plain
    arms: [{name: likely, share: 10000, arbitration: {use_value: false}}]
)yaml";

class ExperimentsTest : public ::testing::Test {
 protected:
  ExperimentsTest() { segmentation::SetTrait(adult_, NameIdOf("age"), int64_t{30}); }

  Decision DecideFor(uint64_t unit, const Profile& profile) {
    return Decide(*playbook_, profile, {.placements = {0}, .decision_id = "d", .unit = unit, .explain = true}, kNow);
  }

  std::vector<std::string> Arms(const Decision& decision) {
    std::vector<std::string> names;
    for (const InArm in : decision.arms) {
      const playbook::Experiment& experiment = playbook_->experiments[static_cast<size_t>(in.experiment)];
      names.push_back(absl::StrCat(experiment.name, ".", experiment.arms[static_cast<size_t>(in.arm)].name));
    }
    return names;
  }

  // The first unit whose arms are these.
  uint64_t UnitIn(const std::vector<std::string>& arms) {
    for (uint64_t unit = 0; unit < 100'000; ++unit) {
      if (Arms(DecideFor(unit, adult_)) == arms) return unit;
    }
    ADD_FAILURE() << "nobody is in these arms";
    return 0;
  }

  std::string First(const Decision& decision) {
    return playbook_->actions[static_cast<size_t>(decision.placements[0].chosen[0].action)].name;
  }

  std::shared_ptr<const playbook::Playbook> playbook_ = testing_support::MustCompile(kPlaybook);
  Profile adult_;
};

// They may never change: customers would move to other arms.
TEST(BucketTest, IsPinned) {
  EXPECT_EQ(BucketOf("push", segmentation::StableHash("customer-1")), 9166);
  EXPECT_EQ(BucketOf("push", segmentation::StableHash("customer-2")), 3849);
  EXPECT_EQ(BucketOf("text", segmentation::StableHash("customer-1")), 2610);
  EXPECT_EQ(BucketOf("", 0), 6921);  // XXH64 of nothing is 0xef46db3751d8e999
}

// Chi-square with 99 degrees of freedom: above 160 once in ten thousand.
TEST(BucketTest, IsEvenAndIndependentBetweenExperiments) {
  std::array<int, 100> cells{};
  constexpr int kUnits = 100'000;
  for (int i = 0; i < kUnits; ++i) {
    const uint64_t unit = segmentation::StableHash(absl::StrCat("customer-", i));
    ++cells[static_cast<size_t>(BucketOf("one", unit) / 1000 * 10 + BucketOf("two", unit) / 1000)];
  }
  double chi_square = 0;
  for (int cell : cells) chi_square += (cell - kUnits / 100.0) * (cell - kUnits / 100.0) / (kUnits / 100.0);
  EXPECT_LT(chi_square, 160);
}

TEST_F(ExperimentsTest, SharesAreWhatTheyAre) {
  std::map<std::string, int> counts;
  constexpr int kUnits = 20'000;
  for (int i = 0; i < kUnits; ++i) {
    for (const std::string& arm : Arms(DecideFor(segmentation::StableHash(absl::StrCat(i)), adult_))) ++counts[arm];
  }
  EXPECT_NEAR(counts["quiet.out"], 0.1 * kUnits, 150);
  EXPECT_NEAR(counts["push.control"], 0.5 * kUnits, 250);
  EXPECT_NEAR(counts["push.lever"], 0.25 * kUnits, 220);
  EXPECT_NEAR(counts["text.loud"], 0.25 * kUnits, 220);
  EXPECT_EQ(counts["policy.likely"], counts["text.plain"]);
}

TEST_F(ExperimentsTest, AHoldOutIsGivenTheFallbackAlone) {
  const uint64_t unit = UnitIn({"quiet.out", "push.lever"});
  const Decision decision = DecideFor(unit, adult_);
  EXPECT_EQ(First(decision), "news");
  EXPECT_TRUE(decision.placements[0].chosen[0].fallback);
  const Candidate& a = decision.placements[0].candidates[0];
  EXPECT_EQ(a.reason, Reason::kHoldOut);
  EXPECT_EQ(a.detail, "quiet.out");
  const Decision unexplained = Decide(*playbook_, adult_, {.placements = {0}, .decision_id = "d", .unit = unit}, kNow);
  EXPECT_EQ(First(unexplained), "news");
}

TEST_F(ExperimentsTest, ArmsChangeActionsGroupsTextsAndPolicies) {
  const Decision control = DecideFor(UnitIn({"push.control", "text.loud"}), adult_);
  EXPECT_EQ(First(control), "b");  // likely: 0.5 * 4
  const Decision lever = DecideFor(UnitIn({"push.lever"}), adult_);
  EXPECT_DOUBLE_EQ(lever.placements[0].candidates[2].factors->lever, 10);
  const Decision without = DecideFor(UnitIn({"push.without"}), adult_);
  EXPECT_EQ(without.placements[0].candidates[0].reason, Reason::kExperiment);
  EXPECT_EQ(without.placements[0].candidates[0].detail, "push.without");
  const Decision policy = DecideFor(UnitIn({"push.control", "text.plain", "policy.likely"}), adult_);
  EXPECT_DOUBLE_EQ(policy.placements[0].candidates[1].priority, 0.5);
}

TEST_F(ExperimentsTest, AVariantIsItsArms) {
  const auto content = [&](const std::vector<std::string>& arms) {
    Request request{.placements = {0}, .decision_id = "d", .unit = UnitIn(arms), .max_actions = 4};
    const Decision decision = Decide(*playbook_, adult_, request, kNow);
    for (const Chosen& chosen : decision.placements[0].chosen) {
      if (chosen.action == 0) return chosen.content->body;
    }
    return std::string();
  };
  EXPECT_EQ(content({"push.control", "text.loud"}), "LOUD");
  EXPECT_EQ(content({"push.lever"}), "plain");
}

TEST_F(ExperimentsTest, TakesOnlyWhomTheRuleNames) {
  const uint64_t unit = UnitIn({"push.lever"});
  EXPECT_THAT(Arms(DecideFor(unit, {})), ElementsAre());
  EXPECT_THAT(Arms(DecideFor(unit, adult_)), ElementsAre("push.lever"));
}

// The later arm's text, for the group, is none of this action's.
TEST(ExperimentsTogether, AVariantIsTheLastThatTheActionHas) {
  const auto playbook = testing_support::MustCompile(R"yaml(
channels: [{name: web}]
groups: [{name: promo}]
actions:
  - {name: a, kind: OFFER, group: promo, treatments: [{channel: web, body: plain}, {channel: web, variant: short, body: short}]}
  - {name: b, kind: OFFER, group: promo, treatments: [{channel: web, body: plain}, {channel: web, variant: red, body: red}]}
placements: [{name: hero, touchpoint: web/home, slots: 2}]
experiments:
  - {name: one, arms: [{name: x, share: 10000, changes: [{name: a, variant: short}, {name: a, lever: 2}]}]}
  - {name: two, arms: [{name: y, share: 10000, changes: [{name: promo, variant: red, lever: 3}]}]}
)yaml");
  const Decision decision = Decide(*playbook, {}, {.placements = {0}, .decision_id = "d", .explain = true}, kNow);
  EXPECT_EQ(decision.placements[0].chosen[0].content->body, "short");
  EXPECT_EQ(decision.placements[0].chosen[1].content->body, "red");
  EXPECT_DOUBLE_EQ(decision.placements[0].candidates[0].factors->lever, 6);
  EXPECT_DOUBLE_EQ(decision.placements[0].candidates[1].factors->lever, 3);
}

TEST(ExperimentsOfATime, BeginAndEnd) {
  const auto playbook = testing_support::MustCompile(R"yaml(
channels: [{name: web}]
actions: [{name: a, kind: OFFER}]
placements: [{name: hero, touchpoint: web/home}]
experiments: [{name: e, valid_from: 2030-01-01, valid_until: 2030-02-01, arms: [{name: all, share: 10000}]}]
)yaml");
  const auto arms = [&](absl::Time now) {
    return Decide(*playbook, {}, {.placements = {0}, .decision_id = "d"}, now).arms.size();
  };
  const absl::Time begin = absl::FromUnixSeconds(1893456000);
  EXPECT_EQ(arms(begin - absl::Seconds(1)), 0u);
  EXPECT_EQ(arms(begin), 1u);
  EXPECT_EQ(arms(begin + absl::Hours(24 * 31)), 0u);
}

}  // namespace
}  // namespace waymark::decision
