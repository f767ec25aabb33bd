#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "service/playbook/compile.h"
#include "tests/support/playbooks.h"

namespace waymark::playbook {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What the broken texts stand under.
constexpr absl::string_view kBase = R"yaml(
currency: EUR
purposes: [{name: profiling}]
channels: [{name: web, content_type: HTML}]
groups: [{name: coupons}]
journeys: [{name: shopping, stages: [{name: looking, goal: Look}, {name: buying, enter_when: 'ever("purchase")', value: {micros: 1}}]}]
)yaml";

struct Broken {
  std::string text;
  const char* field;
  const char* message;
};

const Broken kBroken[] = {
    {"actions: [{name: a, kind: OFFER, applicable_when: '1'}]", "actions[0].applicable_when", "bool"},
    {"actions: [{name: a, kind: OFFER, suitable_when: 'nobody'}]", "actions[0].suitable_when", "nobody"},
    {"actions: [{name: a, kind: OFFER, value_from: STAGE_GAIN, moves_to: bying}]", "actions[0].moves_to",
     "did you mean `buying`"},
    {"actions: [{name: a, kind: OFFER, moves_to: buying}]", "actions[0].moves_to", "value_from: STAGE_GAIN"},
    {"actions: [{name: a, kind: OFFER, value_from: STAGE_GAIN, value: {micros: 1}}]", "actions[0].value_from",
     "instead of `value`"},
    {"actions: [{name: a, kind: OFFER, never_with: [b]}]", "actions[0].never_with[0]", "no action `b`"},
    {"actions: [{name: a, kind: OFFER, never_with: [a]}]", "actions[0].never_with[0]", "never twice"},
    {"actions: [{name: a, kind: OFFER, bundle: [b]}]", "actions[0].bundle[0]", "no action `b`"},
    {"actions: [{name: a, kind: OFFER, bundle: [a]}]", "actions[0].bundle[0]", "the action itself"},
    {"actions: [{name: a, kind: OFFER, bundle: [b, b]}, {name: b, kind: OFFER}]", "actions[0].bundle[1]", "twice"},
    {"actions: [{name: a, kind: OFFER, bundle: [b]}, {name: b, kind: OFFER, bundle: [c]}, {name: c, kind: OFFER}]",
     "actions[0].bundle[0]", "brings others along"},
    {"actions: [{name: a, kind: OFFER, bundle: [b]}, {name: b, kind: OFFER}]\n"
     "placements: [{name: hero, touchpoint: web/home, fallback: a}]",
     "placements[0].fallback", "brings others along"},
    {"actions: [{name: a, kind: OFFER, applicable_when: 'now == now'}]\n"
     "placements: [{name: hero, touchpoint: web/home, fallback: a}]",
     "placements[0].fallback", "must always be valid"},
    {"actions: [{name: a, kind: OFFER, treatments: [{channel: web, variant: X}]}]", "actions[0].treatments[0].variant",
     "a name is"},
    {"actions: [{name: a, kind: OFFER, treatments: [{channel: web, variant: x}, {channel: web, variant: x}]}]",
     "actions[0].treatments[1]", "another treatment"},
    {"traits: [{name: url, type: STRING}]\n"
     "actions: [{name: a, kind: OFFER, treatments: [{channel: web, body: '<a HREF = \"{{customer.url}}\">'}]}]",
     "actions[0].treatments[0].body", "fixed scheme"},
    {"actions: [{name: a, kind: OFFER, treatments: [{channel: web, link_url: 'javascript:alert(1)'}]}]",
     "actions[0].treatments[0].link_url", "https://"},
    {"profiling_purpose: profilng", "profiling_purpose", "did you mean `profiling`"},
    {"experiments: [{name: e}]", "experiments[0].arms", "1 to 16 arms"},
    {"experiments: [{name: e, arms: [{name: x, share: 6000}, {name: y, share: 6000}]}]", "experiments[0].arms",
     "together they are more"},
    {"experiments: [{name: e, arms: [{name: x, share: -1}]}]", "experiments[0].arms[0].share", "from 1 to 10000"},
    {"experiments: [{name: e, arms: [{name: x, share: 1}, {name: x, share: 1}]}]", "experiments[0].arms[1].name",
     "another arm"},
    {"experiments: [{name: e, within: e.x, arms: [{name: x, share: 1}]}]", "experiments[0].within",
     "no experiment `e`"},
    {"experiments: [{name: e, arms: [{name: x, share: 1}]}, {name: f, within: e.y, arms: [{name: x, share: 1}]}]",
     "experiments[1].within", "no arm `y`"},
    {"experiments: [{name: e, arms: [{name: x, share: 1}]}, {name: f, within: e, arms: [{name: x, share: 1}]}]",
     "experiments[1].within", "experiment.arm"},
    {"experiments: [{name: e, when: '1 > 2', arms: [{name: x, share: 1}]}]", "experiments[0].when", "never"},
    {"experiments: [{name: e, valid_from: 2030-01-01, valid_until: 2029-01-01, arms: [{name: x, share: 1}]}]",
     "experiments[0].valid_until", "after valid_from"},
    {"experiments: [{name: e, arms: [{name: x, share: 1, changes: [{name: copons}]}]}]",
     "experiments[0].arms[0].changes[0].name", "no action `copons`"},
    {"actions: [{name: a, kind: OFFER, treatments: [{channel: web, variant: loud}]}]\n"
     "experiments: [{name: e, arms: [{name: x, share: 1, changes: [{name: a, variant: lowd}]}]}]",
     "experiments[0].arms[0].changes[0].variant", "did you mean `loud`"},
    {"experiments: [{name: e, arms: [{name: x, share: 1, changes: [{name: coupons, lever: -1}]}]}]",
     "experiments[0].arms[0].changes[0].lever", "from 0 to 1000"},
    {"experiments: [{name: e, arms: [{name: x, share: 1, arbitration: {limits: [{per: CUSTOMER, max: 1, window: "
     "1d}]}}]}]",
     "experiments[0].arms[0].arbitration.limits", "the same for everyone"},
    {"experiments: [{name: e, arms: [{name: x}]}]", "experiments[0].arms[0].share", "from 1 to 10000"},
    {"experiments: [{name: e, arms: [{name: x, share: 1, hold_out: true, arbitration: {use_value: false}}]}]",
     "experiments[0].arms[0].hold_out", "is given nothing"},
    {"actions: [{name: a, kind: CONTENT, group: coupons}]\nplacements: [{name: hero, touchpoint: web/home, fallback: "
     "a}]\n"
     "experiments: [{name: e, arms: [{name: x, share: 1, changes: [{name: coupons, exclude: true}]}]}]",
     "experiments[0].arms[0].changes[0].exclude", "is the fallback of placement `hero`"},
    {"actions: [{name: a, kind: CONTENT, never_with: [b]}, {name: b, kind: OFFER}]\n"
     "placements: [{name: hero, touchpoint: web/home, fallback: a}]",
     "placements[0].fallback", "has never_with"},
    {"actions: [{name: a, kind: CONTENT, treatments: [{channel: web, locale: de, body: a}]}]\n"
     "placements: [{name: hero, touchpoint: web/home, fallback: a}]",
     "placements[0].fallback", "no text for this channel in the default locale"},
    {"actions: [{name: a, kind: NONE, limits: [{per: CUSTOMER, max: 1, window: 1d}]}]", "actions[0]",
     "doing nothing is no contact"},
};

// Well said, and without the effect that it is there for.
const Broken kUseless[] = {
    {"channels: [{name: web}]\nactions:\n  - {name: a, kind: OFFER, bundle: [b, c]}\n  - {name: b, kind: OFFER}\n"
     "  - {name: c, kind: OFFER}\nplacements: [{name: hero, touchpoint: web/home, slots: 2}]",
     "actions[0].bundle", "it takes 3 slots, and no placement of it has more than 2"},
    {"groups: [{name: g, max_per_call: 1}]\nactions:\n  - {name: a, kind: OFFER, group: g, bundle: [b]}\n"
     "  - {name: b, kind: OFFER, group: g}",
     "actions[0].bundle[0]", "gives 2 of the group `g`, of which a call has at most 1"},
    {"groups: [{name: g}]\nactions:\n  - {name: a, kind: OFFER, never_with: [g], bundle: [b]}\n"
     "  - {name: b, kind: OFFER, group: g}",
     "actions[0].bundle[0]", "`b` is never with `a` of the same bundle"},
    {"actions:\n  - {name: a, kind: OFFER, bundle: [b, c]}\n  - {name: b, kind: OFFER}\n"
     "  - {name: c, kind: OFFER, never_with: [b]}",
     "actions[0].bundle[1]", "`c` is never with `b` of the same bundle"},
    {"channels: [{name: web}]\nactions:\n  - {name: a, kind: OFFER, placements: [hero], bundle: [b]}\n"
     "  - {name: b, kind: OFFER, placements: [side]}\nplacements:\n  - {name: hero, touchpoint: web/home, slots: 2}\n"
     "  - {name: side, touchpoint: web/side, slots: 2}",
     "actions[0].bundle[0]", "`b` fits no placement of the action"},
    {"actions: [{name: a, kind: OFFER}]\nexperiments:\n  - {name: e, arms: [{name: x, share: 1, changes: [{name: "
     "a}]}]}",
     "experiments[0].arms[0].changes[0]", "changes nothing"},
    {"groups: [{name: g}]\nactions: [{name: a, kind: OFFER, group: g}]\nexperiments:\n"
     "  - {name: e, arms: [{name: x, share: 1, changes: [{name: g, variant: loud}]}]}",
     "experiments[0].arms[0].changes[0].variant", "no treatment of an action of the group has the variant `loud`"},
    {"groups:\n  - {name: g, lever: 2}", "groups[0]", "no action is of the group `g`"},
    {"budgets:\n  - {name: b, amount: 1}", "budgets[0]", "no action takes from the budget `b`"},
    {"channels: [{name: web}]\nactions:\n  - {name: a, kind: OFFER, treatments: [{channel: web, variant: loud}]}",
     "actions[0].treatments[0].variant", "no arm of an experiment gives the variant `loud`"},
    {"default_locale: de\ntraits: [{name: first_name, type: STRING}]\nchannels: [{name: web}]\n"
     "actions: [{name: a, kind: CONTENT, treatments: [{channel: web, body: 'Hi {{customer.first_name}}'}]}]\n"
     "placements:\n  - {name: hero, touchpoint: web/home, fallback: a}",
     "placements[0].fallback", "give its treatment a `missing`"},
    {"actions:\n  - {name: a, kind: OFFER, not_after: [{name: nothing, window: 1d}]}\n  - {name: nothing, kind: NONE}",
     "actions[0].not_after[0].name", "does nothing, which is no contact"},
    {"actions:\n  - {name: a, kind: OFFER, eligible_when: 'contacts(\"nothing\", days(1)) == 0'}\n"
     "  - {name: nothing, kind: NONE}",
     "actions[0].eligible_when", "does nothing, which is no contact"},
};

TEST(CompileDecisions, RefusesWhatHasNoEffect) {
  for (const Broken& useless : kUseless) {
    const CompileResult result = CompilePlaybook(useless.text + "\n", 1, nullptr);
    EXPECT_EQ(result.playbook, nullptr) << useless.text;
    ASSERT_EQ(result.problems.size(), 1u) << useless.text;
    EXPECT_EQ(result.problems[0].field, useless.field) << useless.text;
    EXPECT_THAT(result.problems[0].message, HasSubstr(useless.message)) << useless.text;
    EXPECT_GT(result.problems[0].line, 0) << useless.text;
    EXPECT_GT(result.problems[0].column, 0) << useless.text;
  }
}

// What looks like one of these, and is none.
TEST(CompileDecisions, TakesWhatMayHaveAnEffect) {
  testing_support::MustCompile(R"yaml(
default_locale: de
traits: [{name: first_name, type: STRING}]
channels: [{name: web}]
groups: [{name: g, max_per_call: 2}]
actions:
  - {name: a, kind: OFFER, group: g, placements: [hero, side], bundle: [b]}
  - {name: b, kind: OFFER, group: g, placements: [hero], treatments: [{channel: web, body: x}, {channel: web, variant: loud, body: X}]}
  - {name: guarded, kind: CONTENT, treatments: [{channel: web, body: '{{has(customer.first_name) ? customer.first_name : "Du"}}'}]}
  - {name: replaced, kind: CONTENT, treatments: [{channel: web, body: '{{customer.first_name}}', missing: Du}]}
placements:
  - {name: hero, touchpoint: web/home, slots: 2, fallback: guarded}
  - {name: side, touchpoint: web/side, fallback: replaced}
experiments:
  - {name: e, valid_from: 2090-01-01, arms: [{name: control, share: 1}, {name: loud, share: 1, changes: [{name: g, variant: loud}, {name: a, lever: 1}]}]}
)yaml");
}

TEST(CompileDecisions, RefusesWhatIsBroken) {
  for (const Broken& broken : kBroken) {
    const CompileResult result = CompilePlaybook(absl::StrCat(kBase, broken.text, "\n"), 1, nullptr);
    EXPECT_EQ(result.playbook, nullptr) << broken.text;
    ASSERT_FALSE(result.problems.empty()) << broken.text;
    EXPECT_EQ(result.problems[0].field, broken.field) << broken.text << ": " << result.problems[0].message;
    EXPECT_THAT(result.problems[0].message, HasSubstr(broken.message)) << broken.text;
    EXPECT_GT(result.problems[0].line, 0) << broken.text;
  }
}

TEST(CompileDecisions, RefusesPurposesThatTheTcfDoesNotHave) {
  for (const char* text : {"purposes: [{name: a, tcf: 12}]", "purposes: [{name: a, tcf: 0}]",
                           "purposes: [{name: a, tcf: 3}, {name: b, tcf: 3}]"}) {
    EXPECT_EQ(CompilePlaybook(text, 1, nullptr).playbook, nullptr) << text;
  }
  const auto playbook = testing_support::MustCompile("purposes: [{name: a, tcf: 3}, {name: b, tcf: 4}, {name: c}]");
  EXPECT_EQ(playbook->purposes.at("tcf:4"), segmentation::NameIdOf("b"));
  EXPECT_FALSE(playbook->purposes.contains("tcf:1"));
}

// A text may begin a link itself and let a value follow.
TEST(CompileDecisions, TakesLinksThatBeginWithTheirScheme) {
  const auto result = CompilePlaybook(absl::StrCat(kBase, R"yaml(
traits: [{name: code, type: STRING}]
actions: [{name: a, kind: OFFER, group: coupons, treatments: [{channel: web, body: '<a href="https://shop.example/{{customer.code}}">{{customer.code}}</a>'}]}]
)yaml"),
                                      1, nullptr);
  EXPECT_NE(result.playbook, nullptr);
}

TEST(CompileDecisions, ListsCandidatesByStage) {
  const auto playbook = testing_support::MustCompile(R"yaml(
channels: [{name: web}, {name: email}]
journeys:
  - {name: shopping, stages: [{name: looking, goal: Look}, {name: buying, enter_when: 'ever("purchase")'}]}
  - {name: care, stages: [{name: calm, goal: Be content}, {name: heard, enter_when: 'ever("contact_support")'}]}
actions:
  - {name: a, kind: OFFER}
  - {name: b, kind: OFFER, stages: [buying, heard]}
  - {name: c, kind: OFFER, stages: [looking], treatments: [{channel: email, body: c}]}
  - {name: d, kind: OFFER, stages: [calm]}
placements: [{name: hero, touchpoint: web/home}]
)yaml");
  const Placement& hero = playbook->placements[0];
  EXPECT_THAT(hero.any_stage, ElementsAre(0));
  EXPECT_THAT(hero.by_stage,
              ElementsAre(ElementsAre(ElementsAre(), ElementsAre(1)), ElementsAre(ElementsAre(3), ElementsAre(1))));
}

}  // namespace
}  // namespace waymark::playbook
