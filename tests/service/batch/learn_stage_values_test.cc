#include "service/batch/learn_stage_values.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "service/batch/explain.h"
#include "tests/service/batch/log_world.h"

namespace waymark::batch {
namespace {

using testing_support::LogWorld;

constexpr absl::string_view kPlaybook = R"yaml(
currency: EUR
keep_decisions: 30d
traits: [{name: tier, type: STRING}]
segments:
  - {name: gold, when: customer.tier == "gold"}
  - {name: silver, when: customer.tier == "silver"}
channels: [{name: web}]
journeys:
  - name: shopping
    stages:
      - {name: looking, goal: to buy}
      - {name: buying, enter_when: 'ever("purchase")'}
actions: [{name: nudge, kind: OFFER, value_from: STAGE_GAIN}]
placements: [{name: hero, touchpoint: web/home}]
)yaml";

constexpr double kDays = 365.25;  // a year
const double kRho = std::log(1.1) / kDays;

class LearnStageValuesTest : public ::testing::Test {
 protected:
  // Of 120 customers every second one looks for 10 days, buys for 10, and after 20 days more for 30; the last thing was
  // 20 days ago. Of the others nothing was heard after the first day, 300 days ago. 40 are gold, and buy for twice
  // that.
  LearnStageValuesTest() {
    for (int c = 0; c < 120; ++c) {
      const std::string customer = absl::StrCat("c", c);
      engine::RecordRequest request{.tenant = "shop"};
      const auto does = [&](int days_ago, const char* type, int64_t value) {
        request.items.push_back({customer,
                                 {.id = absl::StrCat(days_ago),
                                  .type = type,
                                  .time = world_.clock.Now() - absl::Hours(24) * days_ago,
                                  .value_micros = value * (c < 40 ? 2 : 1) * 1'000'000,
                                  .currency = value > 0 ? "EUR" : ""}});
      };
      if (c % 2 == 0) {
        does(50, "login", 0);
        does(40, "purchase", 10);
        does(20, "purchase", 30);
      } else {
        does(300, "login", 0);
      }
      EXPECT_TRUE(world_.Record(std::move(request)).ok());
      if (c < 40) {
        EXPECT_TRUE(
            world_.UpdateProfile({.tenant = "shop", .customer = customer, .traits = {{"tier", std::string("gold")}}})
                .ok());
      }
    }
  }

  absl::StatusOr<FittedPopulation> Learn(const segmentation::StageValueOptions& options = {}) {
    const Environment environment{world_.profiles, world_.records, world_.playbooks, world_.clock, world_.threads};
    return LearnStageValues(environment, "shop", options, world_.cancellation,
                            [this](const WalkProgress& at) { progress_ = at; });
  }

  engine::DecideAnswer Ask(const std::string& customer) {
    return world_.Decided({.tenant = "shop", .customer = customer, .placements = {"hero"}, .explain = true});
  }
  static const decision::Candidate& Candidate(const engine::DecideAnswer& answer) {
    return answer.decision.placements[0].candidates[0];
  }

  LogWorld world_{kPlaybook};
  WalkProgress progress_;
};

TEST_F(LearnStageValuesTest, LearnsFromEveryone) {
  const auto learned = Learn();
  ASSERT_TRUE(learned.ok()) << learned.status();
  EXPECT_EQ(progress_.profiles, 120);
  EXPECT_EQ(learned->population->version, 1u);
  const segmentation::StageValues& values = learned->population->stage_values;
  EXPECT_EQ(values.customers, 120);
  ASSERT_EQ(values.journeys.size(), 1u);
  ASSERT_EQ(values.journeys[0].segments.size(), 2u) << "nobody is silver";
  const segmentation::SegmentStageValues& everyone = values.journeys[0].segments[0];
  ASSERT_EQ(everyone.stages.size(), 2u);
  EXPECT_EQ(everyone.customers, 120);
  EXPECT_EQ(everyone.stages[0].stays, 120);
  EXPECT_EQ(everyone.stages[0].left_for_good, 60);
  EXPECT_EQ(everyone.stages[0].revenue_micros, (20 * 20 + 40 * 10) * int64_t{1'000'000});
  EXPECT_EQ(everyone.stages[1].stays, 60);
  EXPECT_EQ(everyone.stages[1].left_for_good, 0);
  EXPECT_EQ(everyone.stages[1].revenue_micros, (20 * 60 + 40 * 30) * int64_t{1'000'000});
  // By hand: buying for 40 days each, looking for 10 or for 180.
  const double buying = 2400 / (kRho * 60 * 40);
  const double looking = (800 + 60 * buying) / (kRho * (60 * 10 + 60 * 180) + 120);
  EXPECT_NEAR(*everyone.stages[1].value, buying, 1e-6 * buying);
  EXPECT_NEAR(*everyone.stages[0].value, looking, 1e-6 * looking);
  const segmentation::SegmentStageValues& gold = values.journeys[0].segments[1];
  EXPECT_EQ(gold.segment, segmentation::NameIdOf("gold"));
  EXPECT_EQ(gold.customers, 40);
  EXPECT_GT(*gold.stages[1].value, buying);
  EXPECT_LT(*gold.stages[1].value, 1.5 * buying) << "shrunk to everyone";
}

TEST_F(LearnStageValuesTest, DecisionsTakeItAndAreReplayedWithWhatTheyTook) {
  const engine::DecideAnswer before = Ask("c41");
  EXPECT_EQ(Candidate(before).reason, decision::Reason::kValueError);
  const auto learned = Learn();
  ASSERT_TRUE(learned.ok());
  const engine::DecideAnswer first = Ask("c41");
  const engine::DecideAnswer gold = Ask("c1");
  const auto& segments = learned->population->stage_values.journeys[0].segments;
  EXPECT_EQ(Candidate(first).factors->value, *segments[0].stages[1].value - *segments[0].stages[0].value);
  EXPECT_EQ(Candidate(gold).factors->value, *segments[1].stages[1].value - *segments[1].stages[0].value);
  EXPECT_NE(Candidate(first).priority, Candidate(gold).priority);
  ASSERT_TRUE(Learn({.yearly_discount = 2}).ok());
  const engine::DecideAnswer second = Ask("c41");
  EXPECT_LT(Candidate(second).priority, Candidate(first).priority);
  PastPlaybooks other(world_.playbooks);  // another process has none in memory
  const LogEnvironment log{world_.decisions, world_.playbooks, other, world_.clock, world_.threads};
  for (const engine::DecideAnswer* then : {&before, &first, &gold, &second}) {
    const auto explained = Explain(log, "shop", {.decision_id = then->decision_id}, world_.cancellation);
    ASSERT_TRUE(explained.ok()) << explained.status();
    EXPECT_EQ(Candidate(explained->answer).reason, Candidate(*then).reason);
    EXPECT_EQ(Candidate(explained->answer).priority, Candidate(*then).priority) << "to the bit";
  }
}

TEST_F(LearnStageValuesTest, LeavesTheRestOfThePopulationAndAFitLeavesTheValues) {
  ASSERT_TRUE(Learn().ok());
  const auto fitted = FitPopulation(world_.profiles, world_.playbooks, world_.clock, "shop", 1, world_.cancellation,
                                    [](const WalkProgress&) {});
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  EXPECT_EQ(fitted->population->version, 2u);
  EXPECT_EQ(fitted->population->counts.customers, 120);
  EXPECT_EQ(fitted->population->stage_values.customers, 120);
  const auto again = Learn();
  ASSERT_TRUE(again.ok());
  segmentation::Population expected = *fitted->population;
  expected.version = 3;
  EXPECT_EQ(*again->population, expected);
}

TEST_F(LearnStageValuesTest, AnotherReplicaAndALaterPlaybookUseIt) {
  ASSERT_TRUE(Learn().ok());
  engine::Playbooks replica(world_.records, world_.clock);
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (!replica.Ready() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ((*replica.Current("shop"))->learned_stage_values[0].segments, std::vector<int>{0});
  ASSERT_TRUE(world_
                  .Apply("shop", R"yaml(
currency: EUR
segments: [{name: more, when: 'true'}, {name: gold, when: 'true'}]
journeys:
  - name: shopping
    stages: [{name: looking, goal: g}, {name: trying, enter_when: 'ever("search")'}, {name: buying, enter_when: 'ever("purchase")'}]
)yaml")
                  .ok());
  const playbook::Playbook& playbook = **world_.playbooks.Current("shop");
  EXPECT_EQ(playbook.learned_stage_values[0].segments, std::vector<int>{1});
  EXPECT_TRUE(playbook::StageValueOf(playbook, 0, 0).has_value());
  EXPECT_FALSE(playbook::StageValueOf(playbook, 0, 1).has_value());
  EXPECT_TRUE(playbook::StageValueOf(playbook, 0, 2).has_value());
  EXPECT_GT(*playbook::StageValueOf(playbook, 0, 2, 1), *playbook::StageValueOf(playbook, 0, 2));
}

TEST_F(LearnStageValuesTest, SaysWhatIsMissingAndStops) {
  ASSERT_TRUE(world_.Apply("shop", "currency: EUR").ok());
  EXPECT_EQ(Learn().status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(world_.Apply("shop", kPlaybook).ok());
  world_.cancellation->Cancel();
  EXPECT_EQ(Learn().status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ((*world_.playbooks.Current("shop"))->population, nullptr);
}

}  // namespace
}  // namespace waymark::batch
