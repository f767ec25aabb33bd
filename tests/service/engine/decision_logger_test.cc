#include "service/engine/decision_logger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/engine/logged_decision.h"
#include "tests/support/store_calls.h"
#include "tests/support/world.h"

namespace waymark::engine {
namespace {

using segmentation::NameIdOf;
using store::LoggedDecision;
using store::LoggedOutcome;
using testing_support::World;

constexpr absl::string_view kPlaybook = R"yaml(
keep_decisions: 30d
traits: [{name: age, type: INT}]
channels: [{name: web}]
actions:
  - {name: voucher, kind: OFFER, limits: [{per: CUSTOMER, max: 2, window: 7d}]}
  - {name: greeting, kind: CONTENT, lever: 0.5}
placements: [{name: hero, touchpoint: web/home, fallback: greeting}]
)yaml";

template <typename Record>
std::vector<Record> LogOf(World& world) {
  world.logger.Flush();
  std::vector<Record> records;
  for (int shard = 0; shard < store::kLogShards; ++shard) {
    std::string cursor;
    do {
      auto page = testing_support::ReadShardNow(world.decisions, "shop", shard, cursor, absl::InfinitePast());
      EXPECT_TRUE(page.ok()) << page.status();
      for (const std::string& bytes : page->entries) {
        auto record = store::DecodeLogRecord(bytes);
        EXPECT_TRUE(record.ok()) << record.status();
        if (record.ok() && absl::holds_alternative<Record>(*record))
          records.push_back(absl::get<Record>(*std::move(record)));
      }
      cursor = page->next_cursor;
    } while (!cursor.empty());
  }
  return records;
}

DecideRequest Ask(std::string customer) {
  return {.tenant = "shop", .customer = std::move(customer), .placements = {"hero"}};
}

SentEvent Event(std::string id, std::string type, std::string token = "") {
  return {.id = std::move(id), .type = std::move(type), .decision_token = std::move(token)};
}

TEST(DecisionLogger, LogsADecisionAsItWasMade) {
  World world(kPlaybook);
  ASSERT_TRUE(world.UpdateProfile({.tenant = "shop", .customer = "anna", .traits = {{"age", int64_t{30}}}}).ok());
  DecideRequest request = Ask("anna");
  request.events = {Event("e1", "page_view")};
  const auto answer = world.Decide(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  const std::vector<LoggedDecision> log = LogOf<LoggedDecision>(world);
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].decision_id, answer->decision_id);
  EXPECT_EQ(log[0].customer, "anna");
  EXPECT_EQ(log[0].decided_at, world.clock.Now());
  EXPECT_EQ(log[0].playbook_version, 1u);
  EXPECT_EQ(log[0].placements[0].actions, std::vector{NameIdOf("voucher")});
  EXPECT_EQ(log[0].answer_hash, AnswerHash(*answer->playbook, answer->decision));
  // The profile has the event of the call, and not the contact that came of it.
  const auto again = DecideAgain(log[0], *answer->playbook, false);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(AnswerHash(*answer->playbook, *again), log[0].answer_hash);
}

TEST(DecisionLogger, LogsWhoeverIsDecidedFor) {
  World world(kPlaybook);
  ASSERT_TRUE(world.Decide(Ask("")).ok());
  world.profiles.FailWith(absl::UnavailableError("away"));
  ASSERT_TRUE(world.Decide(Ask("anna")).ok());
  for (const LoggedDecision& logged : LogOf<LoggedDecision>(world)) {
    EXPECT_EQ(logged.request.contacts_known, logged.customer.empty());
    EXPECT_FALSE(logged.profile.has_value());
    const auto playbook = *world.playbooks.Current("shop");
    EXPECT_EQ(AnswerHash(*playbook, *DecideAgain(logged, *playbook, false)), logged.answer_hash);
  }
  EXPECT_EQ(world.decisions.size("shop"), 2u);
}

TEST(DecisionLogger, LogsAnOutcomeOnceWhicheverWayItComes) {
  World world(kPlaybook);
  const auto answer = world.Decide(Ask("anna"));
  ASSERT_TRUE(answer.ok());
  const std::string token = answer->tokens[0][0];
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(world.Record({.tenant = "shop", .items = {{"anna", Event("e1", "purchase", token)}}}).ok());
  }
  ASSERT_TRUE(world.Record({.tenant = "shop", .items = {{"anna", Event("e2", "page_view")}}}).ok());
  DecideRequest request = Ask("anna");
  request.events = {Event("e3", "page_view"), Event("e4", "impression", token)};
  ASSERT_TRUE(world.Decide(request).ok());
  const std::vector<LoggedOutcome> outcomes = LogOf<LoggedOutcome>(world);
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].decision, decision::ContactKey(answer->decision_id, NameIdOf("hero")));
  EXPECT_EQ(outcomes[0].action, NameIdOf("voucher"));
  EXPECT_EQ(outcomes[0].event, NameIdOf("purchase"));
  EXPECT_EQ(outcomes[1].event, NameIdOf("impression"));
}

TEST(DecisionLogger, LogsNothingWhereTheTenantDoesNotKeepDecisions) {
  World world(std::string(kPlaybook).substr(kPlaybook.find("traits")));
  const auto answer = world.Decide(Ask("anna"));
  ASSERT_TRUE(
      world.Record({.tenant = "shop", .items = {{"anna", Event("e1", "purchase", answer->tokens[0][0])}}}).ok());
  world.logger.Flush();
  EXPECT_EQ(world.decisions.size("shop"), 0u);
}

TEST(DecisionLogger, WaitsForAStoreThatIsAway) {
  World world(kPlaybook);
  world.decisions.FailWith(absl::UnavailableError("away"));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(world.Decide(Ask("anna")).ok());
  world.logger.Flush();
  EXPECT_EQ(world.decisions.size("shop"), 0u);
  world.decisions.FailWith(absl::OkStatus());
  world.logger.Flush();
  EXPECT_EQ(world.decisions.size("shop"), 10u);
  EXPECT_EQ(world.logger.dropped(), 0);
}

LoggedDecision Decision(size_t profile_bytes) {
  return {.decision_id = "d", .customer = "anna", .profile = std::string(profile_bytes, 'x')};
}

TEST(DecisionLogger, DropsAndCountsWhatIsBeyondItsBound) {
  World world(kPlaybook);
  DecisionLogger logger(world.decisions, world.playbooks, {.max_waiting_bytes = 10'000});
  world.decisions.FailWith(absl::UnavailableError("away"));
  for (int i = 0; i < 20; ++i) logger.Append("shop", 1, Decision(600));
  EXPECT_EQ(logger.dropped(), 11);
  logger.Flush();
  // What waits encoded counts too.
  for (int i = 0; i < 20; ++i) logger.Append("shop", 1, Decision(600));
  EXPECT_GT(logger.dropped(), 11 + 8);
  world.decisions.FailWith(absl::OkStatus());
  logger.Flush();
  const int64_t dropped = logger.dropped();
  EXPECT_EQ(world.decisions.size("shop"), static_cast<size_t>(40 - dropped));
  // There is room again.
  logger.Append("shop", 1, Decision(600));
  logger.Flush();
  EXPECT_EQ(logger.dropped(), dropped);
  EXPECT_EQ(logger.too_large(), 0);
}

TEST(DecisionLogger, OneThatNoStoreTakesHoldsNobodyUpAndIsSaidToBeTooLarge) {
  World world(kPlaybook);
  DecisionLogger logger(world.decisions, world.playbooks);
  testing::internal::CaptureStderr();  // the worker may be quicker than what follows
  logger.Append("shop", 1, Decision(store::kMaxLogEntryBytes));
  logger.Append("shop", 1, Decision(600));
  logger.Flush();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("records of decisions were dropped: each is larger than 64 KiB records=1"));
  EXPECT_EQ(logger.dropped(), 1);
  EXPECT_EQ(logger.too_large(), 1);
  EXPECT_EQ(world.decisions.size("shop"), 1u);
}

TEST(DecisionLogger, WhatWaitsIsAppendedBeforeItEnds) {
  World world(kPlaybook);
  {
    DecisionLogger logger(world.decisions, world.playbooks);
    for (int i = 0; i < 5; ++i) logger.Append("shop", 1, Decision(10));
  }
  EXPECT_EQ(world.decisions.size("shop"), 5u);
}

TEST(DecisionLogger, TrimsByBytesAsItGoes) {
  World world(kPlaybook);
  DecisionLogger logger(world.decisions, world.playbooks, {.max_tenant_bytes = 256 * 10'000});
  for (int i = 0; i < 1000; ++i) logger.Append("shop", 1, Decision(1000));
  logger.Flush();
  EXPECT_LE(world.decisions.size("shop"), 10u);
  EXPECT_GE(world.decisions.size("shop"), 5u);
}

TEST(DecisionLogger, WhoKeepsNoDecisionsAnyMoreHasNone) {
  World world(kPlaybook);
  ASSERT_TRUE(world.Decide(Ask("anna")).ok());
  world.logger.Flush();
  world.logger.TrimAll();
  EXPECT_EQ(world.decisions.size("shop"), 1u);
  ASSERT_TRUE(world.Apply("shop", kPlaybook.substr(kPlaybook.find("traits"))).ok());
  world.logger.TrimAll();
  EXPECT_EQ(world.decisions.size("shop"), 0u);
}

}  // namespace
}  // namespace waymark::engine
