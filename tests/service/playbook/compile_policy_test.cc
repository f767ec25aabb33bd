#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "service/base/time_zones.h"
#include "service/playbook/compile.h"
#include "tests/support/playbooks.h"

namespace waymark::playbook {
namespace {

using segmentation::NameIdOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::MustCompile;

// A sound beginning that broken playbooks add to.
constexpr absl::string_view kBase = R"yaml(
traits: [{name: age, type: INT}, {name: zone, type: STRING}]
groups: [{name: mailings}, {name: banners}]
)yaml";

struct Broken {
  const char* text;     // after kBase
  const char* field;    // of the first problem
  const char* message;  // a part of it
};

// One broken playbook for each reason.
constexpr Broken kBroken[] = {
    {"time_zone: Europe/Belrin", "time_zone", "did you mean `Europe/Berlin`"},
    {"time_zone: berlin", "time_zone", "no time zone `berlin` is known"},
    {"time_zone_trait: zon", "time_zone_trait", "did you mean `zone`"},
    {"time_zone_trait: age", "time_zone_trait", "of type STRING"},
    {"actions: [{name: a, kind: OFFER, group: mailing}]", "actions[0].group", "did you mean `mailings`"},
    {"channels: [{name: banners}]", "groups[1].name", "a channel or an action has this name too"},
    {"actions: [{name: banners, kind: OFFER}]", "groups[1].name", "a channel or an action has this name too"},
    {"actions: [{name: a, kind: OFFER, limits: [{per: CUSTOMER, max: 1}]}]", "actions[0].limits[0].period",
     "a `window` or a `period`"},
    {"actions: [{name: a, kind: OFFER, limits: [{per: CUSTOMER, max: 1, window: 401d}]}]",
     "actions[0].limits[0].window", "1 second to 400 days"},
    {"actions: [{name: a, kind: OFFER, limits: [{per: CUSTOMER, max: 1, period: DAY, window: 1d}]}]",
     "actions[0].limits[0].period", "either `window` or `period`"},
    {"actions: [{name: a, kind: OFFER, limits: [{per: CUSTOMER, max: 101, period: DAY}]}]", "actions[0].limits[0].max",
     "1 to 100"},
    {"actions: [{name: a, kind: OFFER, limits: [{per: CUSTOMER, max: 1, period: DAYS}]}]",
     "actions[0].limits[0].period", "DAY"},
    {"channels: [{name: web, quiet_hours: [{from: 24:00, until: '07:00'}]}]", "channels[0].quiet_hours[0].from",
     "00:00 to 23:59"},
    {"channels: [{name: web, quiet_hours: [{until: '07:00'}]}]", "channels[0].quiet_hours[0].from", "00:00 to 23:59"},
    {"channels: [{name: web, quiet_hours: [{from: '21:00', until: '24:01'}]}]", "channels[0].quiet_hours[0].until",
     "00:00 to 24:00"},
    {"channels: [{name: web, quiet_hours: [{from: '9:00', until: '10:00'}]}]", "channels[0].quiet_hours[0].from",
     "HH:MM"},
    {"channels: [{name: web, quiet_hours: [{from: '09:00', until: '10:60'}]}]", "channels[0].quiet_hours[0].until",
     "HH:MM"},
    {"channels: [{name: web, quiet_hours: [{from: '09:00', until: '10:00', days: [MONDY]}]}]",
     "channels[0].quiet_hours[0].days[0]", "MONDAY"},
    {"actions: [{name: a, kind: OFFER, suppressions: [{outcome: purchas, lasts: 1d}]}]",
     "actions[0].suppressions[0].outcome", "did you mean `purchase`"},
    {"actions: [{name: a, kind: OFFER, suppressions: [{outcome: purchase}]}]", "actions[0].suppressions[0].lasts",
     "1 minute to 400 days"},
    {"actions: [{name: a, kind: OFFER, suppressions: [{outcome: purchase, lasts: 401d}]}]",
     "actions[0].suppressions[0].lasts", "1 minute to 400 days"},
    {"actions: [{name: a, kind: OFFER, suppressions: [{outcome: purchase, times: 17, within: 1d, lasts: 1d}]}]",
     "actions[0].suppressions[0].times", "from 1 to 16"},
    {"actions: [{name: a, kind: OFFER, suppressions: [{outcome: purchase, times: 2, lasts: 1d}]}]",
     "actions[0].suppressions[0].within", "1 minute to 400 days"},
    {"actions: [{name: a, kind: OFFER, suppressions: [{outcome: purchase, within: 1d, lasts: 1d}]}]",
     "actions[0].suppressions[0].within", "for several times"},
    {"actions: [{name: a, kind: OFFER, not_after: [{name: mailing, window: 1d}]}]", "actions[0].not_after[0].name",
     "did you mean `mailings`"},
    {"actions: [{name: offer, kind: OFFER, not_after: [{name: ofer, window: 1d}]}]", "actions[0].not_after[0].name",
     "did you mean `offer`"},
    {"actions: [{name: a, kind: OFFER, not_after: [{name: mailings}]}]", "actions[0].not_after[0].window",
     "1 minute to 400 days"},
    {"channels: [{name: web}]\nactions: [{name: a, kind: OFFER, not_after: [{name: a, window: 1d}]}]\n"
     "placements: [{name: hero, touchpoint: web/home, fallback: a}]",
     "placements[0].fallback", "has suppressions or not_after"},
};

constexpr Broken kBrokenGroups[] = {
    {"groups: [{name: Ads}]", "groups[0].name", "a name is 1 to 64"},
    {"groups: [{name: ads}, {name: ads}]", "groups[1].name", "another group `ads`"},
    {"groups: [{name: ads, lever: 1001}]", "groups[0].lever", "from 0 to 1000"},
    {"groups: [{name: ads, max_per_call: 0}]", "groups[0].max_per_call", "from 1 to 100"},
    {"groups: [{name: ads, limits: [{max: 1, period: WEEK}]}]", "groups[0].limits[0].per", "per CUSTOMER"},
};

void ExpectProblem(const Broken& broken, const std::string& text) {
  const CompileResult result = CompilePlaybook(text, 1, base::TimeZones());
  EXPECT_EQ(result.playbook, nullptr) << broken.text;
  ASSERT_FALSE(result.problems.empty()) << broken.text;
  EXPECT_EQ(result.problems[0].field, broken.field) << broken.text << ": " << result.problems[0].message;
  EXPECT_THAT(result.problems[0].message, HasSubstr(broken.message)) << broken.text;
  EXPECT_GT(result.problems[0].line, 0) << broken.text;
}

TEST(CompileContactPolicy, RefusesWhatIsBroken) {
  for (const Broken& broken : kBroken) ExpectProblem(broken, absl::StrCat(kBase, broken.text, "\n"));
  for (const Broken& broken : kBrokenGroups) ExpectProblem(broken, broken.text);
}

TEST(CompileContactPolicy, NamesWhatItLooksAt) {
  const auto playbook = MustCompile(R"yaml(
time_zone: America/New_York
time_zone_trait: zone
traits: [{name: zone, type: STRING}]
events: [{name: dismissed}]
groups:
  - {name: mailings, lever: 2, max_per_call: 1, limits: [{per: CUSTOMER, max: 2, period: MONTH}]}
  - {name: banners}
channels: [{name: email, quiet_hours: [{from: '21:30', until: '07:00'}, {from: '00:00', until: '24:00', days: [SATURDAY, SUNDAY]}]}]
actions:
  - {name: b, kind: OFFER, group: mailings}
  - name: a
    kind: OFFER
    group: mailings
    suppressions: [{outcome: purchase, lasts: 3d}, {outcome: dismissed, times: 2, within: 30d, lasts: 60d}]
    not_after: [{name: c, window: 30d}, {name: banners, window: 1d}]
  - {name: c, kind: OFFER}
  - {name: d, kind: OFFER, group: banners}
  - {name: e, kind: OFFER}
)yaml");
  EXPECT_EQ(playbook->time_zone.name(), "America/New_York");
  EXPECT_EQ(playbook->time_zone_trait, NameIdOf("zone"));
  const Group& group = playbook->groups[0];
  EXPECT_EQ(group.lever, 2);
  EXPECT_EQ(group.max_per_call, 1);
  EXPECT_EQ(playbook->groups[1].max_per_call, absl::nullopt);
  EXPECT_EQ(group.limits[0].period, Period::kMonth);
  EXPECT_THAT(group.members, ::testing::UnorderedElementsAre(NameIdOf("a"), NameIdOf("b")));
  EXPECT_LT(group.members[0], group.members[1]);
  const QuietHours& night = playbook->channels[0].quiet_hours[0];
  EXPECT_EQ(night.from, 21 * 60 + 30);
  EXPECT_EQ(night.until, 7 * 60);
  EXPECT_EQ(night.days, 0x7f);
  EXPECT_EQ(playbook->channels[0].quiet_hours[1].days, 0x60);
  EXPECT_EQ(playbook->channels[0].quiet_hours[1].until, 24 * 60);
  const Action& action = playbook->actions[1];
  EXPECT_EQ(action.group, 0);
  EXPECT_EQ(action.suppressions[0].times, 1);
  EXPECT_EQ(action.suppressions[1].within, absl::Hours(24 * 30));
  EXPECT_EQ(action.suppressions[1].lasts, absl::Hours(24 * 60));
  EXPECT_EQ(action.not_after[0].action, 2);
  EXPECT_EQ(action.not_after[1].group, 1);
  EXPECT_TRUE(playbook->suppressing_outcomes.contains({NameIdOf("a"), NameIdOf("dismissed")}));
  EXPECT_FALSE(playbook->suppressing_outcomes.contains({NameIdOf("b"), NameIdOf("dismissed")}));
  std::vector<bool> counted;
  for (int i = 0; i < 5; ++i) counted.push_back(playbook->CountsContacts(i, 0));
  EXPECT_THAT(counted, ElementsAre(true, true, true, true, false)) << "a limited group, and what not_after names";
}

TEST(CompileContactPolicy, KnowsTheZonesThatItIsGiven) {
  EXPECT_TRUE(CompilePlaybook("time_zone: UTC", 1, nullptr).problems.empty());
  EXPECT_FALSE(CompilePlaybook("time_zone: Europe/Berlin", 1, nullptr).problems.empty());
  EXPECT_TRUE(CompilePlaybook("time_zone: Europe/Berlin", 1, base::TimeZones()).problems.empty());
}

}  // namespace
}  // namespace waymark::playbook
