#include "service/batch/explain.h"

#include <gtest/gtest.h>

#include "tests/service/batch/log_world.h"

namespace waymark::batch {
namespace {

using testing_support::LogWorld;

constexpr absl::string_view kPlaybook = R"yaml(
keep_decisions: 30d
traits: [{name: age, type: INT}]
channels: [{name: web}]
actions:
  - {name: voucher, kind: OFFER, placements: [hero], limits: [{per: CUSTOMER, max: 1, window: 7d}]}
  - {name: grown, kind: OFFER, lever: 2, eligible_when: customer.age > 30}
  - {name: greeting, kind: CONTENT, lever: 0.5, treatments: [{channel: web, body: 'Hello, {{ customer.age }}', missing: you}]}
  - {name: loyal, kind: OFFER, lever: 3, eligible_when: 'rfm.frequency > 3'}
placements:
  - {name: hero, touchpoint: web/home, fallback: greeting}
  - {name: aside, touchpoint: web/aside}
)yaml";

class ExplainTest : public ::testing::Test {
 protected:
  engine::DecideRequest Ask(std::string customer) {
    return {.tenant = "shop", .customer = std::move(customer), .placements = {"hero", "aside"}};
  }
  absl::StatusOr<Explained> ExplainIt(const DecisionName& name) {
    return Explain(world_.log, "shop", name, world_.cancellation);
  }
  void ExpectExplains(const absl::StatusOr<Explained>& explained, const engine::DecideAnswer& then) {
    ASSERT_TRUE(explained.ok()) << explained.status();
    const engine::DecideAnswer& now = explained->answer;
    EXPECT_EQ(now.decision_id, then.decision_id);
    EXPECT_EQ(now.decided_at, then.decided_at);
    EXPECT_EQ(now.knowledge, then.knowledge);
    EXPECT_EQ(now.tokens, then.tokens);
    EXPECT_EQ(now.playbook->version, then.playbook->version);
    ASSERT_EQ(now.decision.placements.size(), then.decision.placements.size());
    for (size_t i = 0; i < then.decision.placements.size(); ++i) {
      const auto& a = now.decision.placements[i];
      const auto& b = then.decision.placements[i];
      ASSERT_EQ(a.candidates.size(), b.candidates.size());
      for (size_t j = 0; j < b.candidates.size(); ++j) {
        EXPECT_EQ(a.candidates[j].action, b.candidates[j].action);
        EXPECT_EQ(a.candidates[j].reason, b.candidates[j].reason);
        EXPECT_EQ(a.candidates[j].detail, b.candidates[j].detail);
        EXPECT_EQ(a.candidates[j].priority, b.candidates[j].priority);
      }
    }
  }

  LogWorld world_{kPlaybook};
};

TEST_F(ExplainTest, AnswersWhatExplainAnswered) {
  ASSERT_TRUE(world_.UpdateProfile({.tenant = "shop", .customer = "anna", .traits = {{"age", int64_t{40}}}}).ok());
  engine::DecideRequest request = Ask("anna");
  request.explain = true;
  const engine::DecideAnswer answer = world_.Decided(request);
  // What comes afterwards changes nothing of it.
  ASSERT_TRUE(world_.UpdateProfile({.tenant = "shop", .customer = "anna", .traits = {{"age", int64_t{20}}}}).ok());
  world_.clock.Advance(absl::Hours(24));
  world_.Decided(Ask("anna"));
  ExpectExplains(ExplainIt({.decision_id = answer.decision_id}), answer);
  EXPECT_EQ(ExplainIt({.decision_id = answer.decision_id})->customer, "anna");
  for (const auto& tokens : answer.tokens) {
    for (const std::string& token : tokens) ExpectExplains(ExplainIt({.token = token}), answer);
  }
}

TEST_F(ExplainTest, UsesThePlaybookAndThePopulationOfThen) {
  engine::DecideRequest request = Ask("anna");
  request.explain = true;
  const engine::DecideAnswer without = world_.Decided(request);
  const auto fit = [this](uint64_t version) {
    segmentation::Population population{.version = version};
    return engine::Await<engine::Playbooks::PopulationPointer>(
        [&](engine::Playbooks::Done<engine::Playbooks::PopulationPointer> done) {
          world_.playbooks.StorePopulation("shop", population, LogWorld::Deadline(), std::move(done));
        });
  };
  ASSERT_TRUE(fit(1).ok());
  const engine::DecideAnswer first = world_.Decided(request);
  ASSERT_TRUE(world_.Apply("shop", absl::StrCat(kPlaybook, "  - {name: third, touchpoint: web/third}\n")).ok());
  ASSERT_TRUE(fit(2).ok());
  ASSERT_EQ(first.playbook->population->version, 1u);
  ExpectExplains(ExplainIt({.decision_id = without.decision_id}), without);
  ExpectExplains(ExplainIt({.decision_id = first.decision_id}), first);
  EXPECT_EQ(ExplainIt({.decision_id = first.decision_id})->answer.playbook->population->version, 1u);
  // 64 before the current one are kept; another process has none in memory.
  for (uint64_t version = 3; version <= 66; ++version) ASSERT_TRUE(fit(version).ok()) << version;
  PastPlaybooks other(world_.playbooks);
  const LogEnvironment log{world_.decisions, world_.playbooks, other, world_.clock, world_.threads};
  const auto gone = Explain(log, "shop", {.decision_id = first.decision_id}, world_.cancellation);
  EXPECT_EQ(gone.status(), absl::FailedPreconditionError("population 1 is not kept any more"));
}

TEST_F(ExplainTest, ExplainsTheLastTry) {
  engine::DecideRequest request = Ask("anna");
  request.decision_id = "mine";
  request.explain = true;
  world_.Decided(request);
  ASSERT_TRUE(world_.UpdateProfile({.tenant = "shop", .customer = "anna", .traits = {{"age", int64_t{40}}}}).ok());
  const engine::DecideAnswer last = world_.Decided(request);
  ExpectExplains(ExplainIt({.decision_id = "mine"}), last);
}

TEST_F(ExplainTest, SaysWhatItDoesNotHave) {
  const engine::DecideAnswer answer = world_.Decided(Ask("anna"));
  EXPECT_TRUE(absl::IsNotFound(ExplainIt({.decision_id = "other"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ExplainIt({.token = answer.tokens[0][0] + "x"}).status()));
  // A damaged entry is as if it were not there, and harms no other.
  world_.decisions.ChangeBytes("shop", [](std::string bytes) { return bytes.substr(1); });
  EXPECT_TRUE(absl::IsNotFound(ExplainIt({.decision_id = answer.decision_id}).status()));
  const engine::DecideAnswer next = world_.Decided(Ask("anna"));
  EXPECT_TRUE(ExplainIt({.decision_id = next.decision_id}).ok());
  world_.decisions.FailWith(absl::UnavailableError("away"));
  EXPECT_TRUE(absl::IsUnavailable(ExplainIt({.decision_id = next.decision_id}).status()));
}

}  // namespace
}  // namespace waymark::batch
