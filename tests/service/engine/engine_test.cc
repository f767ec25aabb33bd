#include "service/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "service/base/field_error.h"
#include "tests/support/world.h"

namespace waymark::engine {
namespace {

using segmentation::NameIdOf;
using ::testing::ElementsAre;

constexpr absl::string_view kPlaybook = R"yaml(
currency: EUR
traits: [{name: age, type: INT}]
purposes: [{name: mailing, tcf: 4}]
channels: [{name: web}, {name: email, consent: mailing}]
segments:
  - {name: adult, when: customer.age >= 18}
  - {name: buyer, when: 'ever("purchase") && days_since("purchase") <= 30'}
journeys: [{name: shopping, preset: SIX_STAGES}]
actions:
  - {name: voucher, kind: OFFER, placements: [hero], value: {micros: 9000000}, limits: [{per: CUSTOMER, max: 2, window: 7d}]}
  - {name: thanks, kind: OFFER, placements: [hero], stages: [purchase], value: {micros: 99000000}}
  - {name: mail_deal, kind: OFFER, limits: [{per: CUSTOMER, max: 1, window: 30d}], treatments: [{channel: email, body: Hi}]}
  - {name: greeting, kind: CONTENT, placements: [hero]}
placements:
  - {name: hero, touchpoint: web/home, fallback: greeting}
  - {name: letter, touchpoint: email/letter, exposure: ON_IMPRESSION}
)yaml";

class EngineTest : public ::testing::Test {
 protected:
  DecideRequest Ask(std::string customer, std::string placement = "hero") {
    return {.tenant = "shop", .customer = std::move(customer), .placements = {std::move(placement)}};
  }

  // The first chosen action; "" where there is none.
  std::string First(const absl::StatusOr<DecideAnswer>& answer) {
    EXPECT_TRUE(answer.ok()) << answer.status();
    if (!answer.ok() || answer->decision.placements[0].chosen.empty()) return "";
    return answer->playbook->actions[answer->decision.placements[0].chosen[0].action].name;
  }

  absl::StatusOr<RecordAnswer> Happens(std::string customer, std::string id, std::string type, std::string token = "") {
    return world_.Record(
        {.tenant = "shop",
         .items = {{std::move(customer),
                    {.id = std::move(id), .type = std::move(type), .decision_token = std::move(token)}}}});
  }

  testing_support::World world_{kPlaybook};
};

TEST_F(EngineTest, DecidesForAnUnknownCustomerAndSaysSo) {
  const auto answer = world_.Decide(Ask("anna"));
  EXPECT_EQ(First(answer), "voucher");
  EXPECT_EQ(answer->knowledge, Knowledge::kUnknownCustomer);
  EXPECT_EQ(answer->tokens[0].size(), 1u);
  EXPECT_EQ(answer->decision_id.size(), 32u);
}

TEST_F(EngineTest, CountsALimitAcrossDecisionsAndARetryOnce) {
  DecideRequest request = Ask("anna");
  request.decision_id = "same";
  EXPECT_EQ(First(world_.Decide(request)), "voucher");
  EXPECT_EQ(First(world_.Decide(request)), "voucher");
  EXPECT_EQ(world_.GetProfile("anna")->profile.contacts.size(), 1u);
  EXPECT_EQ(First(world_.Decide(Ask("anna"))), "voucher");
  EXPECT_EQ(First(world_.Decide(Ask("anna"))), "greeting");
  world_.clock.Advance(absl::Hours(24 * 7));
  EXPECT_EQ(First(world_.Decide(Ask("anna"))), "voucher");
}

TEST_F(EngineTest, AnAnonymousVisitorIsDecidedFromContextWithoutTheStore) {
  const auto answer = world_.Decide(Ask(""));
  EXPECT_EQ(First(answer), "voucher");
  EXPECT_EQ(world_.profiles.loads() + world_.profiles.updates(), 0);
}

TEST_F(EngineTest, DegradesWhenTheStoreIsAwayAndGivesNothingLimited) {
  ASSERT_TRUE(Happens("anna", "1", "purchase").ok());
  world_.profiles.FailWith(absl::UnavailableError("away"));
  const auto answer = world_.Decide(Ask("anna"));
  EXPECT_EQ(First(answer), "greeting");
  EXPECT_EQ(answer->knowledge, Knowledge::kStoreUnavailable);
  EXPECT_EQ(Happens("anna", "2", "purchase")->items[0].status.code(), absl::StatusCode::kUnavailable);
  world_.profiles.FailWith(absl::OkStatus());
  EXPECT_EQ(First(world_.Decide(Ask("anna"))), "thanks");
  EXPECT_EQ(world_.GetProfile("anna")->profile.ledger.Find(NameIdOf("purchase"))->count, 1u);
}

TEST_F(EngineTest, DecidesOnWhatItReadLastWhenTheStoreIsAway) {
  ASSERT_TRUE(Happens("anna", "1", "purchase").ok());
  const absl::Time then = world_.clock.Now();
  world_.profiles.Remember({"shop", "anna"}, {{1, world_.GetProfile("anna")->profile}, then});
  world_.profiles.FailWith(absl::UnavailableError("away"));
  const auto answer = world_.Decide(Ask("anna"));
  EXPECT_EQ(First(answer), "thanks") << "for a customer who bought";
  EXPECT_EQ(answer->knowledge, Knowledge::kStaleProfile);
  EXPECT_EQ(answer->profile_at, then);
  world_.profiles.Remember({"shop", "ben"}, {{1, segmentation::Profile()}, then});
  EXPECT_EQ(First(world_.Decide(Ask("ben"))), "greeting") << "how often he saw the voucher is not known";
  EXPECT_EQ(world_.Decide(Ask("cleo"))->knowledge, Knowledge::kStoreUnavailable);
}

TEST_F(EngineTest, DecidesAfterTheEventsOfTheSameCall) {
  DecideRequest request = Ask("anna");
  request.events = {{.id = "e1", .type = "purchase"}, {.id = "e1", .type = "purchase"}};
  const auto answer = world_.Decide(request);
  EXPECT_EQ(First(answer), "thanks");
  ASSERT_EQ(answer->receipts.size(), 2u);
  EXPECT_FALSE(answer->receipts[0].duplicate);
  EXPECT_TRUE(answer->receipts[1].duplicate);
  EXPECT_EQ(world_.GetProfile("anna")->profile.ledger.Find(NameIdOf("purchase"))->count, 1u);
}

TEST_F(EngineTest, ReadsOnceAndWritesOnlyWhatCounts) {
  ASSERT_TRUE(Happens("anna", "1", "purchase").ok());
  const int updates = world_.profiles.updates();
  EXPECT_EQ(First(world_.Decide(Ask("anna", "letter"))), "");
  EXPECT_EQ(world_.profiles.updates(), updates) << "a placement that counts impressions never writes";
}

TEST_F(EngineTest, CountsAnImpressionWhenItIsShown) {
  ASSERT_TRUE(world_
                  .UpdateProfile({.tenant = "shop",
                                  .customer = "anna",
                                  .consents = {{"mailing", UpdateProfileRequest::ConsentChange{.granted = true}}}})
                  .ok());
  const auto first = world_.Decide(Ask("anna", "letter"));
  EXPECT_EQ(First(first), "mail_deal");
  EXPECT_EQ(First(world_.Decide(Ask("anna", "letter"))), "mail_deal") << "nothing was shown yet";
  ASSERT_TRUE(Happens("anna", "i1", "impression", first->tokens[0][0])->items[0].status.ok());
  EXPECT_EQ(First(world_.Decide(Ask("anna", "letter"))), "");
}

TEST_F(EngineTest, RefusesWithTheField) {
  DecideRequest request = Ask("anna");
  request.events = {{.id = "e1", .type = "purchas"}};
  const absl::Status status = world_.Decide(request).status();
  EXPECT_EQ(base::FieldViolationsOf(status)[0].field, "context.events[0].type");
  EXPECT_EQ(world_.Decide(Ask("anna", "nowhere")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world_.Decide({.tenant = "nobody", .placements = {"hero"}}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  request = Ask("anna");
  request.placements = {"hero", "hero"};
  EXPECT_EQ(world_.Decide(request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(EngineTest, RecordsEachElementByItselfInOrder) {
  const auto answer = world_.Record({.tenant = "shop",
                                     .items = {{"anna", {.id = "1", .type = "view_item"}},
                                               {"anna", {.id = "2", .type = "nonsense"}},
                                               {"ben", {.id = "1", .type = "purchase"}},
                                               {"", {.id = "3", .type = "purchase"}},
                                               {"anna", {.id = "1", .type = "view_item"}}}});
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(answer->items[0].status.ok());
  EXPECT_EQ(base::FieldViolationsOf(answer->items[1].status)[0].field, "event.type");
  EXPECT_TRUE(answer->items[2].status.ok());
  EXPECT_EQ(base::FieldViolationsOf(answer->items[3].status)[0].field, "customer");
  EXPECT_TRUE(answer->items[4].receipt.duplicate);
  EXPECT_EQ(world_.profiles.updates(), 2) << "one a customer";
}

TEST_F(EngineTest, AReceiptSaysWhatChanged) {
  const auto answer = Happens("anna", "1", "purchase");
  const Receipt& receipt = answer->items[0].receipt;
  ASSERT_EQ(receipt.stage_changes.size(), 1u);
  EXPECT_EQ(receipt.stage_changes[0].from, absl::nullopt);
  EXPECT_EQ(receipt.stage_changes[0].to, NameIdOf("purchase"));
  EXPECT_THAT(receipt.segments_entered, ElementsAre(NameIdOf("buyer")));
  EXPECT_TRUE(receipt.segments_left.empty());
}

TEST_F(EngineTest, ARuleOnTimeIsRightAtTheInstantOfTheQuestion) {
  ASSERT_TRUE(Happens("anna", "1", "purchase").ok());
  EXPECT_THAT(world_.GetProfile("anna")->profile.derived.segments, ElementsAre(NameIdOf("buyer")));
  world_.clock.Advance(absl::Hours(24 * 31));
  EXPECT_TRUE(world_.GetProfile("anna")->profile.derived.segments.empty());
}

TEST_F(EngineTest, UpdatesTraitsAndConsents) {
  UpdateProfileRequest request{
      .tenant = "shop", .customer = "anna", .traits = {{"age", segmentation::TraitValue(int64_t{30})}}};
  const auto first = world_.UpdateProfile(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(first->profile.derived.segments, ElementsAre(NameIdOf("adult")));
  request.expected_revision = first->revision + 1;
  EXPECT_EQ(world_.UpdateProfile(request).status().code(), absl::StatusCode::kAborted);
  request.expected_revision = first->revision;
  request.traits = {{"age", absl::nullopt}};
  EXPECT_TRUE(world_.UpdateProfile(request)->profile.traits.empty());
  request.expected_revision = absl::nullopt;
  request.traits = {{"height", segmentation::TraitValue(int64_t{30})}};
  EXPECT_EQ(world_.UpdateProfile(request).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(world_.GetProfile("nobody").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(EngineTest, WhatWasSaidBeforeDoesNotUndoAWithdrawal) {
  const auto say = [this](bool granted, absl::optional<absl::Time> at) {
    const auto answer =
        world_.UpdateProfile({.tenant = "shop",
                              .customer = "anna",
                              .consents = {{"mailing", UpdateProfileRequest::ConsentChange{granted, at}}}});
    return segmentation::FindConsent(answer->profile, NameIdOf("mailing"))->granted;
  };
  EXPECT_FALSE(say(false, absl::nullopt));
  EXPECT_FALSE(say(true, world_.clock.Now() - absl::Hours(1)));
  EXPECT_TRUE(say(true, absl::nullopt));
}

TEST_F(EngineTest, AConsentMayNameThePurposeByItsTcfNumber) {
  const UpdateProfileRequest::ConsentChange yes{.granted = true};
  const auto answer = world_.UpdateProfile({.tenant = "shop", .customer = "anna", .consents = {{"tcf:4", yes}}});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(segmentation::FindConsent(answer->profile, NameIdOf("mailing"))->granted);
  for (const auto& consents : {std::vector<std::string>{"tcf:5"}, std::vector<std::string>{"tcf:4", "mailing"}}) {
    UpdateProfileRequest request{.tenant = "shop", .customer = "anna"};
    for (const std::string& name : consents) request.consents.emplace_back(name, yes);
    EXPECT_EQ(world_.UpdateProfile(request).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(EngineTest, EvaluatesAndSaysWhatWasMissing) {
  ASSERT_TRUE(Happens("anna", "1", "purchase").ok());
  const auto answer = world_.Evaluate("anna");
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(answer->segments[0].member);
  EXPECT_THAT(answer->segments[0].error, ::testing::HasSubstr("customer.age is not known"));
  EXPECT_TRUE(answer->segments[1].member);
  const auto& parts = answer->segments[1].parts;
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].text, "ever('purchase')");
  EXPECT_EQ(parts[0].value, "true");
  EXPECT_EQ(parts[1].text, "days_since('purchase') <= 30");
  EXPECT_EQ(parts[1].value, "true");
  EXPECT_EQ(parts[2].text, "days_since('purchase')");
  EXPECT_EQ(parts[2].value, "0");
  EXPECT_TRUE(parts[2].fact);
  EXPECT_EQ(answer->segments[0].parts[0].error, "customer.age is not known");
  EXPECT_EQ(answer->positions[0].current.stage, NameIdOf("purchase"));
}

TEST(Hysteresis, KeepsACustomerInUntilTheLeavingRuleHolds) {
  testing_support::World world(R"yaml(
segments:
  - {name: active, enter_when: 'count("login", days(7)) >= 3', leave_when: 'days_since("login") >= 30'}
)yaml");
  const auto login = [&](const char* id) {
    return world.Record({.tenant = "shop", .items = {{"anna", {.id = id, .type = "login"}}}});
  };
  const auto verdict = [&] { return world.Evaluate("anna")->segments[0]; };
  ASSERT_TRUE(login("1").ok());
  ASSERT_TRUE(login("2").ok());
  EXPECT_FALSE(verdict().member);
  EXPECT_EQ(verdict().rule.source(), "count(\"login\", days(7)) >= 3");
  EXPECT_THAT(login("3")->items[0].receipt.segments_entered, ElementsAre(NameIdOf("active")));
  world.clock.Advance(absl::Hours(24 * 20));
  EXPECT_TRUE(verdict().member) << "not three logins in seven days any more, and not yet 30 days without one";
  EXPECT_EQ(verdict().was_member, true);
  EXPECT_EQ(verdict().rule.source(), "days_since(\"login\") >= 30");
  world.clock.Advance(absl::Hours(24 * 10));
  EXPECT_FALSE(verdict().member);
}

TEST_F(EngineTest, FoldsAgainAfterAConflict) {
  ASSERT_TRUE(Happens("anna", "1", "purchase").ok());
  world_.profiles.InterfereOnce(
      [](segmentation::Profile& profile) { segmentation::SetTrait(profile, NameIdOf("age"), int64_t{50}); });
  ASSERT_TRUE(Happens("anna", "2", "purchase")->items[0].status.ok());
  const auto profile = world_.GetProfile("anna");
  EXPECT_EQ(profile->profile.ledger.Find(NameIdOf("purchase"))->count, 2u);
  EXPECT_NE(segmentation::FindTrait(profile->profile, NameIdOf("age")), nullptr);
}

TEST_F(EngineTest, DamageOfOneProfileIsThatCustomersAlone) {
  ASSERT_TRUE(Happens("anna", "1", "purchase").ok());
  world_.profiles.SetBytes({"shop", "anna"}, "garbage");
  EXPECT_EQ(world_.GetProfile("anna").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(world_.Decide(Ask("anna"))->knowledge, Knowledge::kProfileUnusable);
  EXPECT_EQ(world_.Decide(Ask("ben"))->knowledge, Knowledge::kUnknownCustomer);
}

}  // namespace
}  // namespace waymark::engine
