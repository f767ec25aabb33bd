#include "service/decision/slate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "service/decision/decision.h"
#include "service/playbook/compile.h"
#include "tests/support/playbooks.h"

namespace waymark::decision {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

std::vector<std::string> Names(const PlacementDecision& decision, const playbook::Playbook& playbook) {
  std::vector<std::string> names;
  for (const Chosen& chosen : decision.chosen) names.push_back(playbook.actions[chosen.action].name);
  return names;
}

const Candidate& Find(const PlacementDecision& decision, const playbook::Playbook& playbook, absl::string_view name) {
  return *std::find_if(decision.candidates.begin(), decision.candidates.end(),
                       [&](const Candidate& candidate) { return playbook.actions[candidate.action].name == name; });
}

// Values fall from a to z, so that the order of names is the order of ranks.
std::string PlaybookWith(absl::string_view actions) {
  return absl::StrCat(
      "channels: [{name: web}]\ngroups: [{name: loans, max_per_call: 1}, {name: cards, max_per_call: 2}]\n",
      "placements:\n  - {name: hero, touchpoint: web/home, slots: 3}\n",
      "  - {name: side, touchpoint: web/side, slots: 2, fallback: rest}\nactions:\n",
      "  - {name: rest, kind: NONE, value: {micros: 0}}\n", actions,
      // So that both groups are somebody's.
      "  - {name: later_loan, kind: OFFER, group: loans, valid_from: 2090-01-01}\n",
      "  - {name: later_card, kind: OFFER, group: cards, valid_from: 2090-01-01}\n");
}

TEST(SlateTest, KeepsAGroupToItsMaximumInAllPlacementsTogether) {
  const auto playbook = testing_support::MustCompile(PlaybookWith(R"yaml(
  - {name: a, kind: OFFER, group: loans, value: {micros: 9000000}}
  - {name: b, kind: OFFER, group: loans, value: {micros: 8000000}}
  - {name: c, kind: OFFER, group: cards, value: {micros: 7000000}}
  - {name: d, kind: OFFER, group: cards, value: {micros: 6000000}}
  - {name: e, kind: OFFER, group: cards, value: {micros: 5000000}}
)yaml"));
  const Decision decision = Decide(*playbook, {}, {.placements = {0, 1}, .decision_id = "d", .explain = true}, kNow);
  EXPECT_THAT(Names(decision.placements[0], *playbook), ElementsAre("a", "c", "d"));
  EXPECT_THAT(Names(decision.placements[1], *playbook), ElementsAre("rest"));
  const Candidate& b = Find(decision.placements[1], *playbook, "b");
  EXPECT_EQ(b.reason, Reason::kSlate);
  EXPECT_EQ(b.detail, "loans: 1 a call");
  EXPECT_EQ(Find(decision.placements[0], *playbook, "a").probability, 1);
  EXPECT_EQ(b.probability, 0);
}

TEST(SlateTest, NeverWithHoldsWhicheverOfTheTwoSaysSo) {
  const auto playbook = testing_support::MustCompile(PlaybookWith(R"yaml(
  - {name: a, kind: OFFER, value: {micros: 9000000}}
  - {name: b, kind: OFFER, never_with: [a], value: {micros: 8000000}}
  - {name: c, kind: OFFER, never_with: [cards], value: {micros: 7000000}}
  - {name: d, kind: OFFER, group: cards, value: {micros: 6000000}}
  - {name: e, kind: OFFER, value: {micros: 5000000}}
)yaml"));
  const Decision decision = Decide(*playbook, {}, {.placements = {0}, .decision_id = "d", .explain = true}, kNow);
  EXPECT_THAT(Names(decision.placements[0], *playbook), ElementsAre("a", "c", "e"));
  EXPECT_EQ(Find(decision.placements[0], *playbook, "b").detail, "never with a");
  EXPECT_EQ(Find(decision.placements[0], *playbook, "d").detail, "never with c");
}

TEST(SlateTest, ABundleComesWholeOrNotAtAll) {
  const auto playbook = testing_support::MustCompile(PlaybookWith(R"yaml(
  - {name: a, kind: OFFER, bundle: [e, f], value: {micros: 9000000}}
  - {name: b, kind: OFFER, value: {micros: 8000000}}
  - {name: e, kind: OFFER, value: {micros: 2000000}}
  - {name: f, kind: OFFER, value: {micros: 1000000}}
)yaml"));
  const Decision whole = Decide(*playbook, {}, {.placements = {0, 1}, .decision_id = "d", .explain = true}, kNow);
  EXPECT_THAT(Names(whole.placements[0], *playbook), ElementsAre("a", "e", "f"));
  EXPECT_THAT(Names(whole.placements[1], *playbook), ElementsAre("b", "rest"));
  EXPECT_EQ(Find(whole.placements[0], *playbook, "f").reason, Reason::kChosen);
  EXPECT_EQ(Find(whole.placements[0], *playbook, "b").reason, Reason::kOutranked);

  const Decision narrow = Decide(*playbook, {}, {.placements = {1}, .decision_id = "d", .explain = true}, kNow);
  EXPECT_THAT(Names(narrow.placements[0], *playbook), ElementsAre("b", "e"));
  EXPECT_EQ(Find(narrow.placements[0], *playbook, "a").reason, Reason::kBundle);
  EXPECT_EQ(Find(narrow.placements[0], *playbook, "a").detail, "it takes 3 slots");
}

// The better of the two was given by itself before.
TEST(SlateTest, ABundleTakesWhatWasGivenBeforeIt) {
  const auto playbook = testing_support::MustCompile(PlaybookWith(R"yaml(
  - {name: a, kind: OFFER, bundle: [e, f], value: {micros: 2000000}}
  - {name: e, kind: OFFER, value: {micros: 9000000}}
  - {name: f, kind: OFFER, value: {micros: 1000000}}
)yaml"));
  const Decision decision = Decide(*playbook, {}, {.placements = {0}, .decision_id = "d", .explain = true}, kNow);
  EXPECT_THAT(Names(decision.placements[0], *playbook), ElementsAre("e", "a", "f"));
  EXPECT_EQ(Find(decision.placements[0], *playbook, "a").reason, Reason::kChosen);
}

// The second of the bundle is refused: the first is put back, with what it counted.
TEST(SlateTest, ABundleThatCannotBeGivenLeavesNothingBehind) {
  const auto playbook = testing_support::MustCompile(PlaybookWith(R"yaml(
  - {name: a, kind: OFFER, bundle: [e, f], group: loans, value: {micros: 9000000}}
  - {name: b, kind: OFFER, group: loans, value: {micros: 8000000}}
  - {name: e, kind: OFFER, value: {micros: 2000000}, limits: [{per: CUSTOMER, max: 1, window: 1d}]}
  - {name: f, kind: OFFER, valid_from: 2040-01-01}
)yaml"));
  const Decision decision = Decide(*playbook, {}, {.placements = {0}, .decision_id = "d", .explain = true}, kNow);
  EXPECT_THAT(Names(decision.placements[0], *playbook), ElementsAre("b", "e", "rest"));
  const Candidate& a = Find(decision.placements[0], *playbook, "a");
  EXPECT_EQ(a.reason, Reason::kBundle);
  EXPECT_EQ(a.detail, "f");
  std::vector<segmentation::NameId> contacted;
  for (const segmentation::Contact& contact : decision.contacts) contacted.push_back(contact.action);
  EXPECT_THAT(contacted,
              ElementsAre(segmentation::NameIdOf("b"), segmentation::NameIdOf("e"), segmentation::NameIdOf("rest")));
}

// Random groups, refusals and bundles: no answer breaks any of them.
TEST(SlateTest, NoAnswerBreaksWhatActionsSayOfEachOther) {
  std::mt19937_64 random(11);
  int sound = 0;
  for (int round = 0; round < 200; ++round) {
    std::string actions;
    constexpr int kActions = 14;
    for (int i = 0; i < kActions; ++i) {
      absl::StrAppend(&actions, "  - {name: a", i, ", kind: OFFER, value: {micros: ", 1 + random() % 9, "000000}");
      if (random() % 3 == 0) absl::StrAppend(&actions, ", group: ", random() % 2 == 0 ? "loans" : "cards");
      if (random() % 3 == 0) absl::StrAppend(&actions, ", never_with: [a", (i + 1 + random() % 9) % kActions, "]");
      // The first ones bring later ones along, which bring nobody.
      if (i < 3 && random() % 2 == 0) absl::StrAppend(&actions, ", bundle: [a", 5 + i, ", a", 9 + i, "]");
      absl::StrAppend(&actions, "}\n");
    }
    const auto playbook = playbook::CompilePlaybook(PlaybookWith(actions), 1, nullptr).playbook;
    if (playbook == nullptr) continue;  // a bundle whose members refuse each other
    ++sound;
    const Decision decision = Decide(*playbook, {}, {.placements = {0, 1}, .decision_id = "d"}, kNow);
    std::vector<int> given;
    for (const PlacementDecision& placement : decision.placements) {
      std::set<int> here;
      for (const Chosen& chosen : placement.chosen) {
        given.push_back(chosen.action);
        here.insert(chosen.action);
      }
      for (int action : here) {
        for (int member : playbook->actions[static_cast<size_t>(action)].bundle)
          EXPECT_TRUE(here.count(member)) << round;
      }
    }
    int loans = 0;
    int cards = 0;
    for (int one : given) {
      const playbook::Action& action = playbook->actions[static_cast<size_t>(one)];
      loans += action.group == 0 ? 1 : 0;
      cards += action.group == 1 ? 1 : 0;
      EXPECT_EQ(std::count(given.begin(), given.end(), one), 1);
      for (int other : given) {
        const segmentation::NameId id = playbook->actions[static_cast<size_t>(other)].id;
        EXPECT_FALSE(std::binary_search(action.never_with.begin(), action.never_with.end(), id)) << round;
      }
    }
    EXPECT_LE(loans, 1);
    EXPECT_LE(cards, 2);
  }
  EXPECT_GT(sound, 60);
}

TEST(SlateTest, RewindsToWhatWasThere) {
  const auto playbook = testing_support::MustCompile(PlaybookWith("  - {name: a, kind: OFFER}\n"));
  Slate slate(*playbook);
  slate.Take(0);
  const size_t before = slate.size();
  slate.Take(1);
  EXPECT_EQ(slate.Check(1, nullptr), Reason::kOutranked);
  slate.Rewind(before);
  EXPECT_EQ(slate.Check(1, nullptr), Reason::kChosen);
  EXPECT_EQ(slate.Check(0, nullptr), Reason::kOutranked);
}

}  // namespace
}  // namespace waymark::decision
