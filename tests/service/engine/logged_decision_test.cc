#include "service/engine/logged_decision.h"

#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "tests/support/playbooks.h"

namespace waymark::engine {
namespace {

using decision::Decision;
using segmentation::NameIdOf;
using segmentation::Profile;
using testing_support::MustCompile;

const absl::Time kNow = absl::FromUnixMillis(1'780'000'000'123);

// Actions of every kind of filter, at random.
std::string RandomPlaybook(std::mt19937_64& random, int actions) {
  std::string text = R"yaml(
traits: [{name: age, type: INT}, {name: score, type: DOUBLE}]
context: [{name: cart, type: DOUBLE}]
purposes: [{name: p0}]
channels: [{name: web, content_type: HTML, limits: [{per: CUSTOMER, max: 4, window: 2d}]}]
segments: [{name: grown, enter_when: customer.age > 30, leave_when: customer.age < 20}]
journeys: [{name: shopping, preset: SIX_STAGES}]
groups: [{name: g0, max_per_call: 1, lever: 2}]
budgets: [{name: b0, amount: 9}, {name: b1, amount: 9}]
experiments:
  - {name: e0, arms: [{name: out, share: 1000, hold_out: true}, {name: push, share: 5000, changes: [{name: g0, lever: 3}]}]}
  - {name: e1, within: e0.push, when: customer.age > 40, arms: [{name: all, share: 10000, arbitration: {use_value: false}}]}
placements: [{name: p0, touchpoint: web/a, slots: 2, fallback: rest}, {name: p1, touchpoint: web/b, slots: 3, exposure: ON_IMPRESSION}]
actions:
  - {name: rest, kind: CONTENT, propensity: 0}
  - {name: of_all, kind: OFFER, group: g0, budgets: [b0, b1], propensity: 0.01}
)yaml";
  for (int i = 0; i < actions; ++i) {
    absl::StrAppend(&text, "  - {name: a", i, ", kind: ", random() % 2 ? "OFFER" : "SERVICE", ", propensity: 0.",
                    1 + random() % 9, ", lever: ", 1 + random() % 5);
    if (random() % 3 == 0) absl::StrAppend(&text, ", eligible_when: 'customer.age > ", random() % 80, "'");
    if (random() % 4 == 0) absl::StrAppend(&text, ", eligible_when: 'in_segment(\"grown\")'");
    if (random() % 3 == 0) absl::StrAppend(&text, ", value_of: 'context.cart * customer.score'");
    if (random() % 4 == 0) absl::StrAppend(&text, ", consents: [p0]");
    if (random() % 4 == 0) absl::StrAppend(&text, ", group: g0");
    if (random() % 4 == 0) absl::StrAppend(&text, ", budgets: [b", random() % 2, "]");
    if (random() % 2 == 0)
      absl::StrAppend(&text, ", limits: [{per: CUSTOMER, max: ", 1 + random() % 3, ", window: 3d}]");
    if (random() % 2 == 0) {
      absl::StrAppend(&text, ", treatments: [{channel: web, locale: de, body: 'Nr. {{ customer.age }} ", i, "'}]");
    }
    text += "}\n";
  }
  // A rule has one text only.
  size_t twice = 0;
  while ((twice = text.find(", eligible_when: 'in_segment", twice)) != std::string::npos) {
    const size_t line = text.rfind('\n', twice);
    if (text.find(", eligible_when", line) != twice) text.erase(twice, text.find(')', twice) + 2 - twice);
    ++twice;
  }
  return text;
}

Profile RandomCustomer(std::mt19937_64& random) {
  Profile profile;
  if (random() % 4 != 0) segmentation::SetTrait(profile, NameIdOf("age"), static_cast<int64_t>(random() % 90));
  if (random() % 4 != 0) segmentation::SetTrait(profile, NameIdOf("score"), static_cast<double>(random()) / 1e18);
  if (random() % 2 != 0) segmentation::SetConsent(profile, {NameIdOf("p0"), true, kNow});
  if (random() % 2 != 0) profile.derived = {1, {NameIdOf("grown")}};
  for (uint64_t i = 0; i < random() % 6; ++i) {
    profile.contacts.push_back({NameIdOf(absl::StrCat("a", random() % 9)), NameIdOf("web"),
                                kNow - absl::Hours(static_cast<int64_t>(100 - 10 * i)), random()});
  }
  profile.seen = {{random() >> 16, 20'000}};
  return profile;
}

decision::Request RandomRequest(std::mt19937_64& random) {
  decision::Request request{.placements = {0, 1}, .locale = "de", .decision_id = absl::StrCat("d", random())};
  if (random() % 2 == 0) request.placements = {1};
  if (random() % 2 == 0) request.context = {{NameIdOf("cart"), static_cast<double>(random()) / 1e17}};
  if (random() % 4 == 0) request.kind = playbook::ActionKind::kOffer;
  if (random() % 4 == 0) request.max_actions = 1;
  request.contacts_known = random() % 5 != 0;
  request.unit = random();
  // Unknown, used up, or some left.
  for (uint64_t i = 0; i < random() % 3; ++i) request.budgets.push_back(static_cast<int8_t>(random() % 4) - 1);
  return request;
}

void ExpectSame(const Decision& a, const Decision& b) {
  ASSERT_EQ(a.placements.size(), b.placements.size());
  for (size_t i = 0; i < a.placements.size(); ++i) {
    ASSERT_EQ(a.placements[i].chosen.size(), b.placements[i].chosen.size());
    for (size_t j = 0; j < a.placements[i].chosen.size(); ++j) {
      EXPECT_EQ(a.placements[i].chosen[j].action, b.placements[i].chosen[j].action);
      EXPECT_EQ(a.placements[i].chosen[j].priority, b.placements[i].chosen[j].priority);
    }
    ASSERT_EQ(a.placements[i].candidates.size(), b.placements[i].candidates.size());
    for (size_t j = 0; j < a.placements[i].candidates.size(); ++j) {
      EXPECT_EQ(a.placements[i].candidates[j].reason, b.placements[i].candidates[j].reason);
      EXPECT_EQ(a.placements[i].candidates[j].detail, b.placements[i].candidates[j].detail);
      EXPECT_EQ(a.placements[i].candidates[j].priority, b.placements[i].candidates[j].priority);
    }
  }
  EXPECT_EQ(a.contacts, b.contacts);
  EXPECT_EQ(a.positions, b.positions);
  EXPECT_EQ(a.units, b.units);
  EXPECT_EQ(a.arms, b.arms);
}

// What is kept, through its bytes, makes the same decision, bit for bit; and explains it as it would have been
// explained.
TEST(LoggedDecision, MadeAgainItIsTheSame) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 60; ++round) {
    const std::string text = RandomPlaybook(random, 15);
    const auto playbook = MustCompile(text, 3);
    for (int i = 0; i < 20; ++i) {
      const Profile profile = RandomCustomer(random);
      decision::Request request = RandomRequest(random);
      const Decision decided = decision::Decide(*playbook, profile, request, kNow);
      const auto record = store::DecodeLogRecord(store::EncodeLogRecord(
          ToLogged(*playbook, "anna", request, ToLogged(profile), kNow, Knowledge::kProfile, decided)));
      ASSERT_TRUE(record.ok()) << record.status();
      const auto& logged = absl::get<store::LoggedDecision>(*record);
      // The same text, compiled by somebody else.
      const auto again = DecideAgain(logged, *MustCompile(text, 3), false);
      ASSERT_TRUE(again.ok()) << again.status();
      ExpectSame(*again, decided);
      EXPECT_EQ(AnswerHash(*playbook, *again), logged.answer_hash);
      request.explain = true;
      const auto explained = DecideAgain(logged, *playbook, true);
      ASSERT_TRUE(explained.ok()) << explained.status();
      ExpectSame(*explained, decision::Decide(*playbook, profile, request, kNow));
      EXPECT_EQ(AnswerHash(*playbook, *explained), logged.answer_hash);
    }
  }
}

// The hash sees what the list of actions does not say.
TEST(LoggedDecision, TheHashIsOfTheWholeAnswer) {
  constexpr absl::string_view kText = R"yaml(
traits: [{name: age, type: INT}]
channels: [{name: web}]
placements: [{name: p, touchpoint: web/a}]
actions: [{name: hello, kind: CONTENT, treatments: [{channel: web, body: 'Hello, {{ customer.age }}'}]}]
)yaml";
  const auto playbook = MustCompile(kText);
  const decision::Request request{.placements = {0}, .decision_id = "d"};
  Profile profile;
  segmentation::SetTrait(profile, NameIdOf("age"), int64_t{40});
  const Decision one = decision::Decide(*playbook, profile, request, kNow);
  segmentation::SetTrait(profile, NameIdOf("age"), int64_t{41});
  const Decision other = decision::Decide(*playbook, profile, request, kNow);
  EXPECT_EQ(one.placements[0].chosen[0].action, other.placements[0].chosen[0].action);
  EXPECT_NE(AnswerHash(*playbook, one), AnswerHash(*playbook, other));
  // Pinned: it is stored.
  EXPECT_EQ(AnswerHash(*playbook, one), 14029164481697789925u);
}

TEST(LoggedDecision, AnotherPlaybookAnswersForThePlacementsThatItHas) {
  const auto playbook = MustCompile(
      "channels: [{name: web}]\nplacements: [{name: a, touchpoint: web/a}, {name: b, touchpoint: web/b}]\n"
      "actions: [{name: x, kind: OFFER}, {name: y, kind: OFFER, lever: 2}]");
  const decision::Request request{.placements = {0, 1}, .decision_id = "d"};
  const Decision decided = decision::Decide(*playbook, Profile(), request, kNow);
  const store::LoggedDecision logged =
      ToLogged(*playbook, "", request, absl::nullopt, kNow, Knowledge::kUnknownCustomer, decided);
  ASSERT_EQ(logged.placements[0].actions, std::vector{NameIdOf("y")});
  // `b` stands in another place, and `a` is gone.
  const auto changed = MustCompile(
      "channels: [{name: web}]\nplacements: [{name: c, touchpoint: web/c}, {name: b, touchpoint: web/b}]\n"
      "actions: [{name: x, kind: OFFER, lever: 3}, {name: y, kind: OFFER, lever: 2}]");
  const auto again = DecideAgain(logged, *changed, false);
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_EQ(again->placements.size(), 1u);
  EXPECT_EQ(changed->actions[again->placements[0].chosen[0].action].name, "x");
  const auto without = MustCompile("channels: [{name: web}]\nplacements: [{name: c, touchpoint: web/c}]");
  EXPECT_TRUE(absl::IsNotFound(DecideAgain(logged, *without, false).status()));
}

TEST(LoggedDecision, ADamagedProfileIsSeen) {
  const auto playbook = MustCompile("channels: [{name: web}]\nplacements: [{name: a, touchpoint: web/a}]");
  const decision::Request request{.placements = {0}, .decision_id = "d"};
  const store::LoggedDecision logged = ToLogged(*playbook, "anna", request, "nonsense", kNow, Knowledge::kProfile,
                                                decision::Decide(*playbook, Profile(), request, kNow));
  EXPECT_TRUE(absl::IsDataLoss(DecideAgain(logged, *playbook, false).status()));
}

// Whoever has a token, or the decision's id, finds the shard.
TEST(LoggedDecision, ATokensKeyIsOfItsDecisionsShard) {
  std::mt19937_64 random(12);
  for (int i = 0; i < 1000; ++i) {
    const std::string id = absl::StrCat(random());
    const uint64_t key = decision::ContactKey(id, segmentation::NameId{static_cast<uint32_t>(random())});
    EXPECT_EQ(store::LoggedOutcome{.decision = key}.decision >> 56, LogKeyOf(id) >> 56);
  }
}

}  // namespace
}  // namespace waymark::engine
