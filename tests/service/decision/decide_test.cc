#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "segmentation/fold.h"
#include "service/decision/decision.h"
#include "tests/support/playbooks.h"

namespace waymark::decision {
namespace {

using segmentation::NameIdOf;
using segmentation::Profile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

constexpr absl::string_view kPlaybook = R"yaml(
currency: EUR
traits: [{name: age, type: INT}, {name: country, type: STRING}]
purposes: [{name: mailing}, {name: profiling}]
context: [{name: cart_value, type: DOUBLE}]
channels:
  - {name: web}
  - {name: email, consent: mailing, limits: [{per: CUSTOMER, max: 2, window: 7d}]}
journeys: [{name: shopping, preset: SIX_STAGES}]
actions:
  - {name: adult_offer, kind: OFFER, eligible_when: customer.age >= 18, value: {micros: 10000000}}
  - {name: capped_offer, kind: OFFER, value: {micros: 20000000}, limits: [{per: CUSTOMER, max: 1, window: 7d}]}
  - {name: buyers_offer, kind: OFFER, stages: [purchase], value: {micros: 90000000}}
  - {name: future_offer, kind: OFFER, valid_from: 2036-01-01}
  - {name: private_offer, kind: OFFER, consents: [profiling]}
  - {name: cart_offer, kind: OFFER, value_of: context.cart_value * 0.1, placements: [cart]}
  - {name: mail_offer, kind: OFFER, treatments: [{channel: email, body: Hi}]}
  - {name: mail_news, kind: CONTENT, treatments: [{channel: email, body: News}]}
  - {name: greeting, kind: CONTENT, value: {micros: 1000}}
placements:
  - {name: hero, touchpoint: web/home, slots: 2, fallback: greeting}
  - {name: cart, touchpoint: web/cart, fallback: greeting}
  - {name: letter, touchpoint: email/letter, slots: 3, exposure: ON_IMPRESSION, fallback: mail_news}
)yaml";

class DecideTest : public ::testing::Test {
 protected:
  DecideTest() : playbook_(testing_support::MustCompile(kPlaybook)) {
    segmentation::SetTrait(profile_, NameIdOf("age"), int64_t{30});
  }

  Request Ask(std::vector<const char*> placements) {
    Request request{.decision_id = "d1", .explain = true};
    for (const char* name : placements) request.placements.push_back(playbook_->placement_by_name.at(name));
    return request;
  }

  std::vector<std::string> Names(const PlacementDecision& decision) {
    std::vector<std::string> names;
    for (const Chosen& chosen : decision.chosen) names.push_back(playbook_->actions[chosen.action].name);
    return names;
  }

  const Candidate& Find(const PlacementDecision& decision, absl::string_view action) {
    for (const Candidate& candidate : decision.candidates) {
      if (playbook_->actions[candidate.action].name == action) return candidate;
    }
    ADD_FAILURE() << action;
    return decision.candidates[0];
  }

  std::shared_ptr<const playbook::Playbook> playbook_;
  Profile profile_;
};

TEST_F(DecideTest, RanksByPriorityAndSaysWhyNot) {
  const Decision decision = Decide(*playbook_, profile_, Ask({"hero"}), kNow);
  const PlacementDecision& hero = decision.placements[0];
  EXPECT_THAT(Names(hero), ElementsAre("capped_offer", "adult_offer"));
  ASSERT_EQ(hero.candidates.size(), playbook_->actions.size());
  EXPECT_EQ(Find(hero, "capped_offer").reason, Reason::kChosen);
  EXPECT_EQ(Find(hero, "buyers_offer").reason, Reason::kStage);
  EXPECT_EQ(Find(hero, "future_offer").reason, Reason::kValidity);
  EXPECT_EQ(Find(hero, "private_offer").reason, Reason::kConsent);
  EXPECT_EQ(Find(hero, "private_offer").detail, "profiling");
  EXPECT_EQ(Find(hero, "cart_offer").reason, Reason::kPlacement);
  EXPECT_EQ(Find(hero, "mail_offer").reason, Reason::kChannel);
  EXPECT_EQ(Find(hero, "greeting").reason, Reason::kOutranked);
  EXPECT_DOUBLE_EQ(Find(hero, "adult_offer").priority, 0.01 * 10);
  EXPECT_FALSE(hero.chosen[0].fallback);
}

TEST_F(DecideTest, CountsOnlyWhatALimitLooksAt) {
  const Decision decision = Decide(*playbook_, profile_, Ask({"hero"}), kNow);
  ASSERT_EQ(decision.contacts.size(), 2u);
  EXPECT_EQ(decision.contacts[0].action, NameIdOf("capped_offer"));
  EXPECT_EQ(decision.contacts[0].channel, NameIdOf("web"));
  EXPECT_EQ(decision.contacts[0].at, kNow);
  EXPECT_EQ(decision.contacts[1].action, NameIdOf("adult_offer"));
  EXPECT_EQ(decision.contacts[1].channel, segmentation::NameId{}) << "for a retry alone";
}

TEST_F(DecideTest, DoesNotOfferAgainWhatIsUsedUp) {
  Request request = Ask({"hero"});
  const Decision first = Decide(*playbook_, profile_, request, kNow);
  for (const segmentation::Contact& contact : first.contacts) segmentation::AddContact(profile_, contact, kNow);
  EXPECT_THAT(Names(Decide(*playbook_, profile_, request, kNow).placements[0]),
              ElementsAre("capped_offer", "adult_offer"))
      << "a retry of the same decision is given the same";
  request.decision_id = "d2";
  const Decision second = Decide(*playbook_, profile_, request, kNow);
  EXPECT_THAT(Names(second.placements[0]), ElementsAre("adult_offer", "greeting"));
  EXPECT_EQ(Find(second.placements[0], "capped_offer").reason, Reason::kLimit);
  EXPECT_THAT(Find(second.placements[0], "capped_offer").detail, HasSubstr("1 in 168h"));
  const Decision later = Decide(*playbook_, profile_, request, kNow + absl::Hours(24 * 7));
  EXPECT_THAT(Names(later.placements[0]), ElementsAre("capped_offer", "adult_offer"));
}

TEST_F(DecideTest, OneIdForTwoPlacementsIsNoWayAroundALimit) {
  const auto playbook = testing_support::MustCompile(R"yaml(
channels: [{name: web, limits: [{per: CUSTOMER, max: 1, window: 1d}]}]
actions: [{name: a, kind: OFFER}, {name: b, kind: OFFER}, {name: nothing, kind: NONE, propensity: 0}]
placements: [{name: hero, touchpoint: web/home}, {name: cart, touchpoint: web/cart}]
)yaml");
  Profile customer;
  const auto ask = [&](int placement) {
    const Decision decision = Decide(*playbook, customer, {.placements = {placement}, .decision_id = "page"}, kNow);
    for (const segmentation::Contact& contact : decision.contacts) segmentation::AddContact(customer, contact, kNow);
    return playbook->actions[decision.placements[0].chosen[0].action].name;
  };
  EXPECT_EQ(ask(0), "a");
  EXPECT_EQ(ask(1), "nothing") << "doing nothing is never used up";
  EXPECT_EQ(ask(0), "a") << "a retry";
  EXPECT_EQ(customer.contacts.size(), 1u);
}

TEST_F(DecideTest, ARuleOnContactsIsNoLooserThanALimit) {
  const auto playbook = testing_support::MustCompile(R"yaml(
channels: [{name: web}]
actions: [{name: a, kind: OFFER, eligible_when: 'contacts("web", days(7)) < 1'}]
placements: [{name: hero, touchpoint: web/home}]
)yaml");
  Profile customer;
  Request request{.placements = {0}, .decision_id = "d1", .explain = true, .contacts_known = false};
  EXPECT_EQ(Decide(*playbook, customer, request, kNow).placements[0].candidates[0].reason, Reason::kRuleError);
  request.contacts_known = true;
  const Decision first = Decide(*playbook, customer, request, kNow);
  ASSERT_EQ(first.contacts.size(), 1u);
  customer.contacts = first.contacts;
  EXPECT_EQ(Decide(*playbook, customer, request, kNow).placements[0].chosen.size(), 1u) << "a retry";
  request.decision_id = "d2";
  EXPECT_TRUE(Decide(*playbook, customer, request, kNow).placements[0].chosen.empty());
}

TEST_F(DecideTest, RefusesAPriorityThatIsNoNumber) {
  const auto playbook = testing_support::MustCompile(R"yaml(
context: [{name: worth, type: DOUBLE}]
channels: [{name: web}]
actions: [{name: a, kind: OFFER, value_of: context.worth, lever: 0, context_weights: [{when: 'context.worth > 1.0', weight: 1000}]}]
placements: [{name: hero, touchpoint: web/home}]
)yaml");
  const Request request{
      .placements = {0}, .context = {{NameIdOf("worth"), 1e308}}, .decision_id = "d", .explain = true};
  EXPECT_EQ(Decide(*playbook, profile_, request, kNow).placements[0].candidates[0].reason, Reason::kValueError);
}

TEST_F(DecideTest, RefusesWhatIsLimitedWhereContactsAreNotKnown) {
  Request request = Ask({"hero"});
  request.contacts_known = false;
  const Decision decision = Decide(*playbook_, profile_, request, kNow);
  EXPECT_EQ(Find(decision.placements[0], "capped_offer").reason, Reason::kLimitUnknown);
}

TEST_F(DecideTest, RefusesWhatIsLimitedWhereContactsWereDropped) {
  for (size_t i = 0; i < Profile::kMaxContacts; ++i) {
    profile_.contacts.push_back({NameIdOf("other"), NameIdOf("web"), kNow - absl::Hours(1), i + 10});
  }
  const Decision decision = Decide(*playbook_, profile_, Ask({"hero"}), kNow);
  EXPECT_EQ(Find(decision.placements[0], "capped_offer").reason, Reason::kLimitUnknown);
}

TEST_F(DecideTest, GivesNothingOnAChannelWithoutConsent) {
  const Decision decision = Decide(*playbook_, profile_, Ask({"letter"}), kNow);
  EXPECT_TRUE(decision.placements[0].chosen.empty()) << "not even the fallback";
  EXPECT_EQ(Find(decision.placements[0], "mail_offer").reason, Reason::kConsent);
}

TEST_F(DecideTest, LimitsAChannelWithinOneAnswerAndDoesNotCountImpressionsYet) {
  segmentation::SetConsent(profile_, {NameIdOf("mailing"), true, kNow});
  const Decision decision = Decide(*playbook_, profile_, Ask({"letter"}), kNow);
  EXPECT_EQ(decision.placements[0].chosen.size(), 2u);
  EXPECT_TRUE(decision.contacts.empty());
  profile_.contacts.push_back({NameIdOf("x"), NameIdOf("email"), kNow - absl::Hours(1), 5});
  const Decision next = Decide(*playbook_, profile_, Ask({"letter"}), kNow);
  EXPECT_EQ(next.placements[0].chosen.size(), 1u);
}

TEST_F(DecideTest, DoesNotRepeatAnActionAcrossPlacements) {
  Request request = Ask({"hero", "cart"});
  request.context.push_back({NameIdOf("cart_value"), 5.0});
  const Decision decision = Decide(*playbook_, profile_, request, kNow);
  EXPECT_THAT(Names(decision.placements[0]), ElementsAre("capped_offer", "adult_offer"));
  EXPECT_THAT(Names(decision.placements[1]), ElementsAre("cart_offer"));
  EXPECT_EQ(Find(decision.placements[1], "adult_offer").reason, Reason::kOutranked);
}

TEST_F(DecideTest, TakesTheValueOfTheContext) {
  Request request = Ask({"cart"});
  const Decision without = Decide(*playbook_, profile_, request, kNow);
  EXPECT_EQ(Find(without.placements[0], "cart_offer").reason, Reason::kValueError);
  request.context.push_back({NameIdOf("cart_value"), 5000.0});
  const Decision with = Decide(*playbook_, profile_, request, kNow);
  EXPECT_THAT(Names(with.placements[0]), ElementsAre("cart_offer"));
  EXPECT_DOUBLE_EQ(with.placements[0].chosen[0].priority, 0.01 * 500);
}

TEST_F(DecideTest, FallsBackWhenNothingIsLeft) {
  segmentation::ClearTrait(profile_, NameIdOf("age"));
  Request request = Ask({"cart"});
  request.kind = playbook::ActionKind::kOffer;
  request.contacts_known = false;
  const Decision decision = Decide(*playbook_, profile_, request, kNow);
  EXPECT_THAT(Names(decision.placements[0]), ElementsAre("greeting"));
  EXPECT_TRUE(decision.placements[0].chosen[0].fallback);
  EXPECT_EQ(Find(decision.placements[0], "greeting").reason, Reason::kFallback);
  EXPECT_EQ(Find(decision.placements[0], "adult_offer").reason, Reason::kRuleError);
  EXPECT_THAT(Find(decision.placements[0], "adult_offer").detail, HasSubstr("customer.age is not known"));
}

TEST_F(DecideTest, TakesAtMostWhatIsAsked) {
  Request request = Ask({"hero"});
  request.max_actions = 1;
  EXPECT_EQ(Decide(*playbook_, profile_, request, kNow).placements[0].chosen.size(), 1u);
}

TEST_F(DecideTest, FollowsTheJourneyAtTheMomentOfTheQuestion) {
  profile_.ledger.Add(NameIdOf("purchase"), kNow, 1);
  const Decision decision = Decide(*playbook_, profile_, Ask({"hero"}), kNow);
  EXPECT_EQ(Names(decision.placements[0])[0], "buyers_offer");
  ASSERT_EQ(decision.positions.size(), 1u);
  EXPECT_EQ(decision.positions[0].current.stage, NameIdOf("purchase"));
}

TEST_F(DecideTest, SwitchesFactorsOff) {
  const auto playbook = testing_support::MustCompile(R"yaml(
channels: [{name: web}]
context: [{name: rainy, type: BOOL}]
actions:
  - {name: a, kind: OFFER, propensity: 0.5, lever: 2, value: {micros: 3000000}, context_weights: [{when: context.rainy, weight: 4}]}
placements: [{name: hero, touchpoint: web/home}]
arbitration: {propensity_exponent: 2, use_value: false}
)yaml");
  Request request{.placements = {0}, .context = {{NameIdOf("rainy"), true}}, .decision_id = "d", .explain = true};
  const Decision decision = Decide(*playbook, profile_, request, kNow);
  const Candidate& a = decision.placements[0].candidates[0];
  EXPECT_DOUBLE_EQ(a.factors->propensity, 0.5);
  EXPECT_DOUBLE_EQ(a.factors->context_weight, 4);
  EXPECT_DOUBLE_EQ(a.factors->value, 1);
  EXPECT_DOUBLE_EQ(a.factors->lever, 2);
  EXPECT_DOUBLE_EQ(a.priority, 0.25 * 4 * 2);
}

TEST_F(DecideTest, AsksTheThreeTiersInTheirOrder) {
  const auto playbook = testing_support::MustCompile(R"yaml(
traits: [{name: age, type: INT}, {name: country, type: STRING}]
channels: [{name: web}]
actions:
  - {name: a, kind: OFFER, eligible_when: customer.age > 40, applicable_when: customer.age > 40, suitable_when: customer.age > 40}
  - {name: b, kind: OFFER, eligible_when: customer.age > 18, applicable_when: customer.age > 40, suitable_when: customer.age > 40}
  - {name: c, kind: OFFER, eligible_when: customer.age > 18, applicable_when: customer.age > 18, suitable_when: customer.age > 40}
  - {name: d, kind: OFFER, eligible_when: customer.age > 18, applicable_when: customer.age > 18, suitable_when: customer.age > 18}
  - {name: e, kind: OFFER, suitable_when: customer.country == "DE"}
placements: [{name: hero, touchpoint: web/home}]
)yaml");
  const Decision decision = Decide(*playbook, profile_, {.placements = {0}, .decision_id = "d", .explain = true}, kNow);
  std::vector<Reason> reasons;
  for (const Candidate& candidate : decision.placements[0].candidates) reasons.push_back(candidate.reason);
  EXPECT_THAT(reasons, ElementsAre(Reason::kEligibility, Reason::kApplicability, Reason::kSuitability, Reason::kChosen,
                                   Reason::kRuleError));
}

TEST_F(DecideTest, LeversOfTheGroupAndOfTheActionMultiply) {
  const auto playbook = testing_support::MustCompile(R"yaml(
channels: [{name: web}]
groups: [{name: coupons, lever: 3}]
actions: [{name: a, kind: OFFER, lever: 2, group: coupons}]
placements: [{name: hero, touchpoint: web/home}]
)yaml");
  const Decision decision = Decide(*playbook, {}, {.placements = {0}, .decision_id = "d", .explain = true}, kNow);
  EXPECT_DOUBLE_EQ(decision.placements[0].candidates[0].factors->lever, 6);
}

TEST_F(DecideTest, AGainInStageValueIsAValue) {
  const auto playbook = testing_support::MustCompile(R"yaml(
currency: EUR
channels: [{name: web}]
journeys:
  - name: shopping
    stages:
      - {name: looking, goal: Look, value: {micros: 2000000}}
      - {name: buying, value: {micros: 9000000}, enter_when: 'ever("purchase")'}
      - {name: loving, value: {micros: 30000000}, enter_when: 'count("purchase", days(30)) > 1'}
actions:
  - {name: next, kind: OFFER, value_from: STAGE_GAIN}
  - {name: there, kind: OFFER, value_from: STAGE_GAIN, moves_to: loving}
  - {name: back, kind: OFFER, value_from: STAGE_GAIN, moves_to: shopping.looking}
placements: [{name: hero, touchpoint: web/home}]
)yaml");
  const auto values = [&](int purchases) {
    Profile profile;
    for (int i = 0; i < purchases; ++i) profile.ledger.Add(NameIdOf("purchase"), kNow, 1);
    const Decision decision =
        Decide(*playbook, profile, {.placements = {0}, .decision_id = "d", .explain = true}, kNow);
    std::vector<double> values;
    for (const Candidate& candidate : decision.placements[0].candidates) values.push_back(candidate.factors->value);
    return values;  // of back, next, there
  };
  EXPECT_THAT(values(0), ElementsAre(0, 7, 28));
  EXPECT_THAT(values(1), ElementsAre(0, 21, 21));
  EXPECT_THAT(values(2), ElementsAre(0, 0, 0));
}

// What is stated wins; what is not comes from what was learned, of the first segment that has values of its own.
TEST_F(DecideTest, StageGainsUseWhatWasLearned) {
  const auto unlearned = testing_support::MustCompile(R"yaml(
currency: EUR
segments:
  - {name: plain, when: 'true'}
  - {name: rare, when: 'ever("login")'}
  - {name: other, when: 'ever("search")'}
channels: [{name: web}]
journeys:
  - name: shopping
    stages:
      - {name: looking, goal: g}
      - {name: buying, value: {micros: 9000000}, enter_when: 'ever("purchase")'}
      - {name: loving, enter_when: 'count("purchase", days(30)) > 1'}
actions:
  - {name: next, kind: OFFER, value_from: STAGE_GAIN}
  - {name: there, kind: OFFER, value_from: STAGE_GAIN, moves_to: loving}
placements: [{name: hero, touchpoint: web/home}]
)yaml");
  const auto ask = [](const playbook::Playbook& playbook, std::vector<const char*> events) {
    Profile profile;
    for (const char* event : events) profile.ledger.Add(NameIdOf(event), kNow, 1);
    return Decide(playbook, profile, {.placements = {0}, .decision_id = "d", .explain = true}, kNow)
        .placements[0]
        .candidates;
  };
  const auto values = [&](const playbook::Playbook& playbook, std::vector<const char*> events) {
    std::vector<double> values;
    for (const Candidate& candidate : ask(playbook, std::move(events))) values.push_back(candidate.factors->value);
    return values;  // of next, there
  };
  EXPECT_EQ(ask(*unlearned, {})[0].reason, Reason::kValueError);
  EXPECT_EQ(ask(*unlearned, {})[0].detail, "what the stage looking is worth is neither stated nor learned");

  segmentation::Population population{.version = 1};
  const auto of = [](const char* segment, double looking, absl::optional<double> loving) {
    return segmentation::SegmentStageValues{
        .segment = *segment == '\0' ? segmentation::NameId{} : NameIdOf(segment),
        .stages = {{NameIdOf("looking"), looking}, {NameIdOf("buying"), 1000.0}, {NameIdOf("loving"), loving}}};
  };
  population.stage_values.journeys = {{NameIdOf("shopping"), {of("", 2, 12), of("other", 4, 40), of("rare", 3, 30)}}};
  population.stage_values.journeys[0].segments.push_back(of("forgotten", 1, 1));
  const auto learned =
      playbook::WithPopulation(*unlearned, std::make_shared<const segmentation::Population>(population));
  EXPECT_THAT(values(*learned, {}), ElementsAre(7, 10)) << "everyone's, since `plain` has none of its own";
  EXPECT_THAT(values(*learned, {"search"}), ElementsAre(5, 36));
  EXPECT_THAT(values(*learned, {"search", "login"}), ElementsAre(6, 27)) << "the playbook lists `rare` before `other`";
  EXPECT_THAT(values(*learned, {"purchase"}), ElementsAre(3, 3)) << "9 are stated, whatever was learned";
  population.stage_values.journeys[0].segments[0] = of("", 2, absl::nullopt);
  const auto partly =
      playbook::WithPopulation(*unlearned, std::make_shared<const segmentation::Population>(population));
  EXPECT_EQ(ask(*partly, {})[0].factors->value, 7);
  EXPECT_EQ(ask(*partly, {})[1].detail, "what the stage loving is worth is neither stated nor learned");
  EXPECT_EQ(ask(*playbook::WithPopulation(*learned, nullptr), {})[0].reason, Reason::kValueError);
}

TEST_F(DecideTest, WithoutConsentToProfilingNothingKnownDecides) {
  const auto playbook = testing_support::MustCompile(R"yaml(
traits: [{name: age, type: INT}]
purposes: [{name: mailing}, {name: profiling}]
profiling_purpose: profiling
context: [{name: cart_value, type: DOUBLE}]
channels: [{name: web}, {name: email, consent: mailing}]
journeys: [{name: shopping, preset: SIX_STAGES}]
actions:
  - {name: grown, kind: OFFER, eligible_when: customer.age > 18, value: {micros: 9000000}}
  - {name: buyers, kind: OFFER, stages: [purchase], value: {micros: 8000000}}
  - {name: cart, kind: OFFER, eligible_when: context.cart_value > 10.0, value: {micros: 7000000}, limits: [{per: CUSTOMER, max: 1, window: 1d}]}
  - {name: rest, kind: CONTENT}
placements: [{name: hero, touchpoint: web/home}, {name: letter, touchpoint: email/news}]
)yaml");
  profile_.ledger.Add(NameIdOf("purchase"), kNow, 1);
  segmentation::SetConsent(profile_, {NameIdOf("mailing"), true, kNow});
  Request request{.placements = {0}, .context = {{NameIdOf("cart_value"), 20.0}}, .decision_id = "d"};
  const auto first = [&] {
    const Decision decision = Decide(*playbook, profile_, request, kNow);
    return absl::StrCat(decision.from_context ? "context: " : "profile: ",
                        playbook->actions[static_cast<size_t>(decision.placements[0].chosen[0].action)].name);
  };
  EXPECT_EQ(first(), "context: cart");
  // What binds the shop holds all the same: its limits, and the channel's consent.
  profile_.contacts.push_back({NameIdOf("cart"), NameIdOf("web"), kNow - absl::Hours(1), 1});
  EXPECT_EQ(first(), "context: rest");
  request.placements = {1};
  EXPECT_EQ(first(), "context: rest");
  request.placements = {0};
  segmentation::SetConsent(profile_, {NameIdOf("profiling"), true, kNow});
  EXPECT_EQ(first(), "profile: grown");
  segmentation::SetConsent(profile_, {NameIdOf("profiling"), false, kNow});
  EXPECT_EQ(first(), "context: rest");
  // What binds is all that was looked at.
  const Profile binds = WhatBinds(*playbook, profile_);
  EXPECT_TRUE(binds.traits.empty());
  EXPECT_TRUE(binds.ledger.series().empty());
  profile_ = binds;
  EXPECT_EQ(first(), "context: rest");
}

TEST_F(DecideTest, SaysWhatAValueLacked) {
  const auto playbook = testing_support::MustCompile(R"yaml(
traits: [{name: margin, type: DOUBLE}]
channels: [{name: web}]
actions: [{name: a, kind: OFFER, value_of: customer.margin}, {name: b, kind: OFFER, value_of: 1.0 / 0.0}]
placements: [{name: hero, touchpoint: web/home}]
)yaml");
  const Decision decision = Decide(*playbook, {}, {.placements = {0}, .decision_id = "d", .explain = true}, kNow);
  EXPECT_EQ(decision.placements[0].candidates[0].reason, Reason::kValueError);
  EXPECT_EQ(decision.placements[0].candidates[0].detail, "customer.margin is not known");
  EXPECT_EQ(decision.placements[0].candidates[1].detail, "the value is not finite");
}

}  // namespace
}  // namespace waymark::decision
