#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "segmentation/fold.h"
#include "service/decision/decision.h"
#include "tests/support/playbooks.h"

namespace waymark::decision {
namespace {

using segmentation::NameIdOf;
using segmentation::Profile;

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

// Random actions, one line of YAML each.
std::vector<std::string> RandomActions(std::mt19937_64& random, int count) {
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) {
    std::string line =
        absl::StrCat("  - {name: a", i, ", kind: ", random() % 2 ? "OFFER" : "CONTENT", ", propensity: 0.",
                     1 + random() % 4, ", value: {micros: ", 1000000 * (1 + random() % 5), "}");
    if (random() % 3 == 0) absl::StrAppend(&line, ", eligible_when: customer.age > ", random() % 80);
    if (random() % 3 == 0) absl::StrAppend(&line, ", consents: [p", random() % 2, "]");
    if (random() % 2 == 0)
      absl::StrAppend(&line, ", limits: [{per: CUSTOMER, max: ", 1 + random() % 3, ", window: ", 1 + random() % 5,
                      "d}]");
    if (random() % 3 == 0) absl::StrAppend(&line, ", placements: [p", random() % 2, "]");
    lines.push_back(line + "}");
  }
  return lines;
}

std::string PlaybookOf(const std::vector<std::string>& actions) {
  return absl::StrCat(
      "traits: [{name: age, type: INT}]\npurposes: [{name: p0}, {name: p1}]\n",
      "channels: [{name: web, limits: [{per: CUSTOMER, max: 9, window: 2d}]}]\n",
      "placements: [{name: p0, touchpoint: web/a, slots: 2}, {name: p1, touchpoint: web/b, slots: 3}]\n",
      "arbitration: {limits: [{per: CUSTOMER, max: 12, window: 3d}]}\nactions:\n", absl::StrJoin(actions, "\n"), "\n");
}

Profile RandomCustomer(std::mt19937_64& random) {
  Profile profile;
  if (random() % 4 != 0) segmentation::SetTrait(profile, NameIdOf("age"), static_cast<int64_t>(random() % 90));
  if (random() % 2 != 0) segmentation::SetConsent(profile, {NameIdOf("p0"), true, kNow});
  return profile;
}

std::vector<std::vector<std::string>> NamesOf(const Decision& decision, const playbook::Playbook& playbook) {
  std::vector<std::vector<std::string>> names;
  for (const PlacementDecision& placement : decision.placements) {
    names.emplace_back();
    for (const Chosen& chosen : placement.chosen) names.back().push_back(playbook.actions[chosen.action].name);
  }
  return names;
}

TEST(Decide, DoesNotDependOnTheOrderOfActionsNorOnExplaining) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> actions = RandomActions(random, 20);
    const auto one = testing_support::MustCompile(PlaybookOf(actions));
    std::shuffle(actions.begin(), actions.end(), random);
    const auto other = testing_support::MustCompile(PlaybookOf(actions));
    const Profile profile = RandomCustomer(random);
    Request request{.placements = {0, 1}, .decision_id = "d", .explain = true};
    const auto expected = NamesOf(Decide(*one, profile, request, kNow), *one);
    EXPECT_EQ(NamesOf(Decide(*other, profile, request, kNow), *other), expected);
    request.explain = false;
    EXPECT_EQ(NamesOf(Decide(*one, profile, request, kNow), *one), expected);
  }
}

TEST(Decide, AHigherLeverNeverLowersARank) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> actions = RandomActions(random, 12);
    const auto before = testing_support::MustCompile(PlaybookOf(actions));
    std::string& pushed = actions[random() % actions.size()];
    pushed.insert(pushed.find(", kind"), ", lever: 3");
    const auto after = testing_support::MustCompile(PlaybookOf(actions));
    const Profile profile = RandomCustomer(random);
    const Request request{.placements = {0}, .decision_id = "d", .max_actions = 100};
    const std::string name = pushed.substr(pushed.find("name: ") + 6, pushed.find(',') - pushed.find("name: ") - 6);
    const auto rank = [&](const playbook::Playbook& playbook) {
      const auto names = NamesOf(Decide(playbook, profile, request, kNow), playbook)[0];
      return std::find(names.begin(), names.end(), name) - names.begin();
    };
    EXPECT_LE(rank(*after), rank(*before)) << name;
  }
}

TEST(Decide, ARuleNeverAddsAnAction) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> actions = RandomActions(random, 8);  // fewer than any limit over all
    const auto before = testing_support::MustCompile(PlaybookOf(actions));
    std::string& vetoed = actions[random() % actions.size()];
    if (vetoed.find("eligible_when") != std::string::npos) continue;
    vetoed.insert(vetoed.find(", kind"), ", eligible_when: customer.age > 200");
    const auto after = testing_support::MustCompile(PlaybookOf(actions));
    const Profile profile = RandomCustomer(random);
    const Request request{.placements = {0}, .decision_id = "d", .max_actions = 100};
    const auto had = NamesOf(Decide(*before, profile, request, kNow), *before)[0];
    const auto has = NamesOf(Decide(*after, profile, request, kNow), *after)[0];
    for (const std::string& name : has) {
      EXPECT_NE(std::find(had.begin(), had.end(), name), had.end()) << name;
    }
  }
}

// A customer who is asked about again and again: every rolling window of every limit, counted over the plain list of
// what was given.
TEST(Decide, NeverExceedsALimitOverAWeekOfTraffic) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 15; ++round) {
    const auto playbook = testing_support::MustCompile(PlaybookOf(RandomActions(random, 15)));
    Profile profile = RandomCustomer(random);
    struct Given {
      int action;
      absl::Time at;
    };
    std::vector<Given> given;
    absl::Time now = kNow;
    for (int i = 0; i < 120; ++i) {
      now += absl::Minutes(static_cast<int64_t>(random() % 240));
      const Decision decision = Decide(*playbook, profile, {.placements = {0, 1}, .decision_id = absl::StrCat(i)}, now);
      for (const segmentation::Contact& contact : decision.contacts) segmentation::AddContact(profile, contact, now);
      std::set<int> once;
      for (const PlacementDecision& placement : decision.placements) {
        EXPECT_LE(static_cast<int>(placement.chosen.size()), playbook->placements[placement.placement].slots);
        for (const Chosen& chosen : placement.chosen) {
          EXPECT_TRUE(once.insert(chosen.action).second);
          given.push_back({chosen.action, now});
        }
      }
      const auto count = [&](absl::Duration window, auto matches) {
        return std::count_if(given.begin(), given.end(),
                             [&](const Given& each) { return each.at > now - window && matches(each); });
      };
      const auto any = [](const Given&) { return true; };
      EXPECT_LE(count(absl::Hours(72), any), 12);
      EXPECT_LE(count(absl::Hours(48), any), 9);
      for (size_t action = 0; action < playbook->actions.size(); ++action) {
        for (const playbook::Limit& limit : playbook->actions[action].limits) {
          EXPECT_LE(
              count(limit.window, [action](const Given& each) { return each.action == static_cast<int>(action); }),
              limit.max);
        }
      }
    }
    EXPECT_GT(given.size(), 9u);
  }
}

}  // namespace
}  // namespace waymark::decision
