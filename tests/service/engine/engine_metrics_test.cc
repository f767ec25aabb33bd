// What the engine counts, shown by doing what is counted.

#include "service/engine/engine_metrics.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/collected_metrics.h"
#include "tests/support/world.h"

namespace waymark::engine {
namespace {

using testing_support::Collect;

constexpr absl::string_view kPlaybook = R"yaml(
keep_decisions: 30d
traits: [{name: age, type: INT}]
purposes: [{name: mailing}]
channels: [{name: web}, {name: email, consent: mailing}]
budgets: [{name: vouchers, amount: 2}]
actions:
  - {name: voucher, kind: OFFER, placements: [hero], value: {micros: 9000000}, budgets: [vouchers]}
  - {name: grown_up, kind: OFFER, placements: [side], eligible_when: 'customer.age >= 18'}
  - {name: mail_deal, kind: OFFER, placements: [letter]}
  - {name: greeting, kind: CONTENT, placements: [other]}
placements:
  - {name: hero, touchpoint: web/home, fallback: greeting}
  - {name: side, touchpoint: web/side}
  - {name: other, touchpoint: web/other}
  - {name: letter, touchpoint: email/letter}
)yaml";

class EngineMetricsTest : public ::testing::Test {
 protected:
  void Decide(std::string customer, std::vector<std::string> placements, std::vector<SentEvent> events = {},
              bool explain = false) {
    const auto answer = world_.Decide({.tenant = "shop",
                                       .customer = std::move(customer),
                                       .placements = std::move(placements),
                                       .events = std::move(events),
                                       .explain = explain});
    EXPECT_TRUE(answer.ok()) << answer.status();
  }
  // What rose since it was last asked, without the family's name.
  std::map<std::string, double> News(const std::string& family) {
    const std::map<std::string, double> now = Collect(world_.engine.metrics());
    std::map<std::string, double> news;
    for (const auto& [name, value] : now) {
      if (name.rfind(family, 0) == 0 && value != before_[name])
        news[name.substr(family.size())] = value - before_[name];
      if (name.rfind(family, 0) == 0) before_[name] = value;
    }
    return news;
  }

  testing_support::World world_{kPlaybook};
  std::map<std::string, double> before_;
};

using Counts = std::map<std::string, double>;

TEST_F(EngineMetricsTest, DecisionsByOutcomeAndKnowledge) {
  Decide("anna", {"hero", "side", "letter"});
  EXPECT_EQ(News("waymark_decisions_total"), (Counts{{"{outcome=chosen,knowledge=unknown_customer}", 1},
                                                     {"{outcome=nothing,knowledge=unknown_customer}", 2}}));
  Decide("bert", {"hero"}, {{.id = "1", .type = "page_view"}});
  Decide("bert", {"hero"});
  EXPECT_EQ(News("waymark_decisions_total"),
            (Counts{{"{outcome=chosen,knowledge=profile}", 1}, {"{outcome=fallback,knowledge=profile}", 1}}));
  world_.profiles.FailWith(absl::UnavailableError("away"));
  Decide("bert", {"hero"});
  world_.profiles.FailWith(absl::DataLossError("damaged"));
  Decide("bert", {"hero"});
  EXPECT_EQ(News("waymark_decisions_total"), (Counts{{"{outcome=fallback,knowledge=store_unavailable}", 1},
                                                     {"{outcome=fallback,knowledge=profile_unusable}", 1}}));
}

TEST_F(EngineMetricsTest, CandidatesByWhatBecameOfThem) {
  Decide("anna", {"hero", "side", "letter"});
  EXPECT_EQ(News("waymark_candidates_total"),
            (Counts{{"{reason=chosen}", 1}, {"{reason=rule_error}", 1}, {"{reason=consent}", 1}}));
  // Every action, where the call wants to know of every action.
  Decide("anna", {"hero"}, {}, true);
  EXPECT_EQ(News("waymark_candidates_total"), (Counts{{"{reason=chosen}", 1}, {"{reason=placement}", 3}}));
  Decide("anna", {"hero"});
  EXPECT_EQ(News("waymark_candidates_total"), (Counts{{"{reason=budget}", 1}}));
}

TEST_F(EngineMetricsTest, EventsByWhatBecameOfThem) {
  const auto record = [&](std::string id, std::string type) {
    const auto answer =
        world_.Record({.tenant = "shop", .items = {{"anna", {.id = std::move(id), .type = std::move(type)}}}});
    EXPECT_TRUE(answer.ok()) << answer.status();
  };
  record("1", "page_view");
  record("1", "page_view");
  record("2", "no_such_type");
  EXPECT_EQ(News("waymark_events_total"),
            (Counts{{"{result=recorded}", 1}, {"{result=duplicate}", 1}, {"{result=refused}", 1}}));
  Decide("anna", {"hero"}, {{.id = "1", .type = "page_view"}, {.id = "3", .type = "page_view"}});
  EXPECT_EQ(News("waymark_events_total"), (Counts{{"{result=recorded}", 1}, {"{result=duplicate}", 1}}));
  world_.profiles.FailWith(absl::UnavailableError("away"));
  record("4", "page_view");
  Decide("anna", {"hero"}, {{.id = "5", .type = "page_view"}});
  EXPECT_EQ(News("waymark_events_total"), (Counts{{"{result=failed}", 2}}));
}

TEST_F(EngineMetricsTest, BudgetsAsTheyAreLeasedAndTaken) {
  EXPECT_EQ(Collect(world_.budgets)["waymark_budget_leases{}"], 0);
  for (int i = 0; i < 3; ++i) Decide(absl::StrCat("c", i), {"hero"});
  auto budgets = Collect(world_.budgets);
  EXPECT_EQ(budgets["waymark_budget_leases{}"], 1);
  EXPECT_EQ(
      budgets["waymark_budget_units_total{result=taken}"] - budgets["waymark_budget_units_total{result=put_back}"], 2);
  EXPECT_GE(budgets["waymark_budget_fetches_total{}"], 1);
  EXPECT_GE(budgets["waymark_budget_lease_requests_total{result=granted}"], 1);
  EXPECT_GE(budgets["waymark_budget_lease_requests_total{result=used_up}"], 1);
  EXPECT_EQ(budgets["waymark_budget_leased_units{}"], 0);
  EXPECT_EQ(budgets["waymark_budget_lease_requests_total{result=failed}"], 0);
}

TEST_F(EngineMetricsTest, TheLogOfDecisions) {
  Decide("anna", {"hero"});
  world_.logger.Flush();
  auto log = Collect(world_.logger);
  EXPECT_EQ(log["waymark_decision_log_records_total{result=written}"], 1);
  EXPECT_EQ(log["waymark_decision_log_records_total{result=dropped}"], 0);
  EXPECT_EQ(log["waymark_decision_log_waiting_bytes{}"], 0);
  world_.decisions.FailWith(absl::UnavailableError("away"));
  Decide("anna", {"hero"});
  world_.logger.Flush();
  log = Collect(world_.logger);
  EXPECT_EQ(log["waymark_decision_log_records_total{result=written}"], 1);
  EXPECT_GT(log["waymark_decision_log_waiting_bytes{}"], 0);
}

TEST_F(EngineMetricsTest, VersionsOfABoundedNumberOfTenants) {
  constexpr absl::string_view kSmall = "channels: [{name: web}]\n";
  ASSERT_TRUE(world_.Apply("shop", absl::StrCat(kPlaybook, "\n")).ok());
  auto playbooks = Collect(world_.playbooks);
  EXPECT_EQ(playbooks["waymark_playbook_version{tenant=shop}"], 2);
  EXPECT_EQ(playbooks["waymark_tenants{}"], 1);
  EXPECT_EQ(playbooks["waymark_playbooks_unusable{}"], 0);
  for (int i = 0; i < 120; ++i) ASSERT_TRUE(world_.Apply(absl::StrCat("t", i), kSmall).ok());
  playbooks = Collect(world_.playbooks);
  EXPECT_EQ(playbooks["waymark_tenants{}"], 121);
  EXPECT_EQ(std::count_if(playbooks.begin(), playbooks.end(),
                          [](const auto& each) { return each.first.rfind("waymark_playbook_version{", 0) == 0; }),
            100);
}

}  // namespace
}  // namespace waymark::engine
