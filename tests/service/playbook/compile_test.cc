#include "service/playbook/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "service/playbook/evaluation.h"
#include "tests/support/playbooks.h"

namespace waymark::playbook {
namespace {

using ::testing::HasSubstr;
using testing_support::MustCompile;

// A sound beginning that broken playbooks add to.
constexpr absl::string_view kBase = R"yaml(
currency: EUR
traits:
  - {name: age, type: INT}
  - {name: country, type: STRING}
purposes: [{name: mailing}]
channels:
  - {name: web, content_type: HTML}
  - {name: email, consent: mailing}
journeys: [{name: shopping, preset: SIX_STAGES}]
)yaml";

struct Broken {
  const char* name;
  const char* text;     // after kBase
  const char* field;    // of the first problem
  const char* message;  // a part of it
};

// One broken playbook for each reason.
constexpr Broken kBroken[] = {
    {"unknown trait type", "context: [{name: cart}]", "context[0].type", "needs a type"},
    {"bad name", "segments: [{name: Big Spender, when: customer.age > 3}]", "segments[0].name", "a name is 1 to 64"},
    {"name twice", "segments: [{name: a, when: customer.age > 3}, {name: a, when: customer.age > 4}]",
     "segments[1].name", "another segment `a`"},
    {"built-in event again", "events: [{name: purchase}]", "events[0].name", "another event type `purchase`"},
    {"rule syntax", "segments: [{name: a, when: customer.age > }]", "segments[0].when", ""},
    {"rule type", "segments: [{name: a, when: customer.age + 1}]", "segments[0].when", "bool"},
    {"unknown name", "segments: [{name: a, when: customer.agee > 3}]", "segments[0].when",
     "did you mean `customer.age`"},
    {"never holds", "segments: [{name: a, when: 1 > 2}]", "segments[0].when", "can never hold"},
    {"hysteresis beside when",
     "segments: [{name: a, when: ever('login'), enter_when: ever('login'), leave_when: ever('share')}]",
     "segments[0].when", "either `when`, or"},
    {"hysteresis without its end", "segments: [{name: a, enter_when: ever('login')}]", "segments[0].leave_when",
     "needs a rule"},
    {"self through leave_when", "segments: [{name: a, enter_when: ever('login'), leave_when: '!in_segment(\"a\")'}]",
     "segments[0].when", "a -> a"},
    {"keeps decisions for too short", "keep_decisions: 59m", "keep_decisions", "1 hour to 400 days"},
    {"keeps decisions for too long", "keep_decisions: 401d", "keep_decisions", "1 hour to 400 days"},
    {"no such order", "population: {purchase: ordr}", "population.purchase", "no event type `ordr`"},
    {"horizon", "population: {lifetime_value: {horizon: 1s}}", "population.lifetime_value.horizon",
     "1 day to 10 years"},
    {"personas", "population: {personas: {min: 1}}", "population.personas.min", "2 to 32"},
    {"personas reversed", "population: {personas: {min: 5, max: 4}}", "population.personas.max", "`min` to 32"},
    {"persona trait", "population: {personas: {traits: [agee]}}", "population.personas.traits[0]", "age"},
    {"pain point", "population: {personas: {pain_points: [refnd]}}", "population.personas.pain_points[0]", "refund"},
    {"no rule", "segments: [{name: a}]", "segments[0].when", "needs a rule"},
    {"cycle",
     "segments: [{name: a, when: in_segment('b')}, {name: b, when: in_segment('c')}, {name: c, when: in_segment('a')}]",
     "segments[0].when", "a -> b -> c -> a"},
    {"self", "segments: [{name: a, when: '!in_segment(\"a\")'}]", "segments[0].when", "a -> a"},
    {"locale", "actions: [{name: x, kind: OFFER, treatments: [{channel: web, locale: de_AT, body: a}]}]",
     "actions[0].treatments[0].locale", "de-AT"},
    {"action without kind", "actions: [{name: x}]", "actions[0].kind", "needs a kind"},
    {"unknown stage", "actions: [{name: x, kind: OFFER, stages: [purchas]}]", "actions[0].stages[0]",
     "did you mean `purchase`"},
    {"unknown placement", "actions: [{name: x, kind: OFFER, placements: [hero]}]", "actions[0].placements[0]",
     "no placement `hero`"},
    {"unknown purpose", "actions: [{name: x, kind: OFFER, consents: [maling]}]", "actions[0].consents[0]",
     "did you mean `mailing`"},
    {"limit scope", "actions: [{name: x, kind: OFFER, limits: [{max: 1, window: 1d}]}]", "actions[0].limits[0].per",
     "per CUSTOMER"},
    {"limit max", "actions: [{name: x, kind: OFFER, limits: [{per: CUSTOMER, max: 0, window: 1d}]}]",
     "actions[0].limits[0].max", "1 to 100"},
    {"limit window", "actions: [{name: x, kind: OFFER, limits: [{per: CUSTOMER, max: 1, window: 401d}]}]",
     "actions[0].limits[0].window", "400 days"},
    {"propensity", "actions: [{name: x, kind: OFFER, propensity: 1.5}]", "actions[0].propensity", "from 0 to 1"},
    {"currency", "actions: [{name: x, kind: OFFER, value: {micros: 1, currency: USD}}]", "actions[0].value.currency",
     "currency is EUR"},
    {"two values", "actions: [{name: x, kind: OFFER, value: {micros: 1}, value_of: '2'}]", "actions[0].value_of",
     "not both"},
    {"value type", "actions: [{name: x, kind: OFFER, value_of: customer.country}]", "actions[0].value_of", "a number"},
    {"dates", "actions: [{name: x, kind: OFFER, valid_from: 2026-02-01, valid_until: 2026-01-01}]",
     "actions[0].valid_until", "after valid_from"},
    {"treatment channel", "actions: [{name: x, kind: OFFER, treatments: [{channel: emal, body: hi}]}]",
     "actions[0].treatments[0].channel", "did you mean `email`"},
    {"treatment twice",
     "actions: [{name: x, kind: OFFER, treatments: [{channel: web, body: a}, {channel: web, locale: EN, body: b}]}]",
     "actions[0].treatments[1]", "another treatment"},
    {"template", "actions: [{name: x, kind: OFFER, treatments: [{channel: web, body: 'Hi {{ customer.nam }}'}]}]",
     "actions[0].treatments[0].body", "customer.nam"},
    {"link", "actions: [{name: x, kind: OFFER, treatments: [{channel: web, link_url: 'javascript:alert(1)'}]}]",
     "actions[0].treatments[0].link_url", "https://"},
    {"link host",
     "actions: [{name: x, kind: OFFER, treatments: [{channel: web, link_url: 'https://{{ customer.country }}/x'}]}]",
     "actions[0].treatments[0].link_url", "fixed host"},
    {"touchpoint", "placements: [{name: hero, touchpoint: web}]", "placements[0].touchpoint", "channel/place"},
    {"touchpoint channel", "placements: [{name: hero, touchpoint: wep/home}]", "placements[0].touchpoint",
     "did you mean `web`"},
    {"touchpoint not printable", "touchpoints: [{name: \"web/a\\tb\"}]", "touchpoints[0].name", "channel/place"},
    {"touchpoint of a placement too long",
     "placements: [{name: hero, touchpoint: web/ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc}]",
     "placements[0].touchpoint", "64 bytes"},
    {"touchpoint of an unknown channel", "touchpoints: [{name: wep/home}]", "touchpoints[0].name",
     "did you mean `web`"},
    {"touchpoint twice", "touchpoints: [{name: web/a}, {name: web/b}, {name: web/a}]", "touchpoints[2].name",
     "another touchpoint `web/a`"},
    {"text of an unknown event", "keep_text: [complain]", "keep_text[0]", "did you mean `complaint`"},
    {"text twice", "keep_text: [complaint, complaint]", "keep_text[1]", "given twice"},
    {"fallback unknown", "placements: [{name: hero, touchpoint: web/home, fallback: x}]", "placements[0].fallback",
     "no action `x`"},
    {"fallback with a rule",
     "{actions: [{name: x, kind: OFFER, eligible_when: customer.age > 3}], placements: [{name: hero, touchpoint: "
     "web/home, fallback: x}]}",
     "placements[0].fallback", "always be valid"},
    {"label with a slash", "labels: [{name: a/b}]", "labels[0].name", "without '/'"},
    {"label without a name", "labels: [{events: [purchase]}]", "labels[0].name", "1 to 64 bytes"},
    {"label twice", "labels: [{name: a}, {name: b}, {name: a}]", "labels[2].name", "another label `a`"},
    {"label named as a channel", "labels: [{name: email}]", "labels[0].name", "affinity()"},
    {"label of an unknown event", "labels: [{name: a, events: [view_item, purchas]}]", "labels[0].events[1]",
     "did you mean `purchase`"},
    {"label of an event twice", "labels: [{name: a, events: [purchase, purchase]}]", "labels[0].events[1]",
     "given twice"},
    {"undeclared label in a rule", "labels: [{name: shoes}]\nsegments: [{name: a, when: affinity('shoe') > 1.0}]",
     "segments[0].when", "did you mean `shoes`"},
    {"undeclared pair in a rule", "segments: [{name: a, when: ever('purchase/shoes')}]", "segments[0].when",
     "no event type `purchase/shoes`"},
    {"action named as a channel", "actions: [{name: web, kind: OFFER}]", "actions[0].name", "contacts()"},
    {"stage depends on stage",
     "journeys: [{name: j, stages: [{name: a, goal: g}, {name: b, enter_when: days_in_stage > 3}]}]",
     "journeys[0].stages[1].enter_when", "cannot depend on the stage"},
    {"stage without rule", "journeys: [{name: j, stages: [{name: a, goal: g}, {name: b}]}]",
     "journeys[0].stages[1].enter_when", "only the first"},
    {"stage hides others", "journeys: [{name: j, stages: [{name: a, goal: g}, {name: b, enter_when: 'true'}]}]",
     "journeys[0].stages[1].enter_when", "nobody would ever be in `a`"},
    {"stages alike",
     "journeys: [{name: j, stages: [{name: a, goal: g}, {name: b, enter_when: ever('purchase')}, {name: c, enter_when: "
     "ever('purchase')}]}]",
     "journeys[0].stages[1].enter_when", "same rule"},
    {"stage within a later one",
     "journeys: [{name: j, stages: [{name: a, goal: g}, {name: b, enter_when: 'count(\"purchase\", days(30)) >= 3'}, "
     "{name: c, enter_when: 'count(\"purchase\", days(30)) >= 1 || ever(\"search\")'}]}]",
     "journeys[0].stages[1].enter_when", "its rule holds wherever this one does"},
    {"back wherever enter",
     "journeys: [{name: j, stages: [{name: a, goal: g}, {name: b, enter_when: 'count(\"purchase\", days(30)) >= 3', "
     "back_when: 'count(\"purchase\", days(30)) >= 1'}]}]",
     "journeys[0].stages[1].back_when", "nobody would ever be here"},
    {"back always",
     "journeys: [{name: j, stages: [{name: a, goal: g}, {name: b, enter_when: ever('purchase'), back_when: 'true'}]}]",
     "journeys[0].stages[1].back_when", "always holds"},
    {"lapse", "journeys: [{name: j, stages: [{name: a, goal: g, lapse: 0s}]}]", "journeys[0].stages[0].lapse",
     "more than 0"},
    {"expected touchpoint of no channel",
     "journeys: [{name: j, stages: [{name: a, goal: g, touchpoints: [pigeon/home]}]}]",
     "journeys[0].stages[0].touchpoints[0]", "no channel `pigeon`"},
    {"road without a goal", "journeys: [{name: j, stages: [{name: a}, {name: b, enter_when: ever('purchase')}]}]",
     "journeys[0]", "no goal"},
    {"back to",
     "journeys: [{name: j, stages: [{name: a, goal: g}, {name: b, enter_when: ever('purchase'), back_to: c}]}]",
     "journeys[0].stages[1].back_to", "earlier stage"},
    {"journey without stages", "journeys: [{name: j}]", "journeys[0]", "preset or stages"},
    {"preset has no such stage", "journeys: [{name: j, preset: FIVE_STAGES, stages: [{name: advocacy}]}]",
     "journeys[0].stages[0].name", "no stage `advocacy`"},
};

// Some rows replace a list of the base, or are a flow mapping: then the base's list goes, and keys are spread.
std::string Assemble(absl::string_view text) {
  std::string base(kBase);
  if (text.substr(0, 9) == "journeys:") base.resize(base.find("journeys:"));
  if (text[0] != '{') return absl::StrCat(base, text, "\n");
  const size_t split = text.find(", placements");
  return absl::StrCat(base, text.substr(1, split - 1), "\n", text.substr(split + 2, text.size() - split - 3), "\n");
}

TEST(CompilePlaybook, RefusesWhatIsBroken) {
  for (const Broken& broken : kBroken) {
    const CompileResult result = CompilePlaybook(Assemble(broken.text), 1, nullptr);
    EXPECT_EQ(result.playbook, nullptr) << broken.name;
    ASSERT_FALSE(result.problems.empty()) << broken.name;
    EXPECT_EQ(result.problems[0].field, broken.field) << broken.name << ": " << result.problems[0].message;
    EXPECT_THAT(result.problems[0].message, HasSubstr(broken.message)) << broken.name;
    EXPECT_GT(result.problems[0].line, 0) << broken.name;
    EXPECT_GT(result.problems[0].column, 0) << broken.name;
  }
}

TEST(CompilePlaybook, FindsAllProblemsAtOnceInTheOrderOfTheText) {
  const CompileResult result = CompilePlaybook(R"yaml(name: shop
traits:
  - {name: age, type: INTEGER}
segments:
  - name: a
    when: customer.agee > 3
actions:
  - {name: x, kind: OFFER, propensity: 7, unknown_key: 1}
)yaml",
                                               1, nullptr);
  std::vector<std::string> fields;
  for (const Problem& problem : result.problems) fields.push_back(absl::StrCat(problem.line, " ", problem.field));
  EXPECT_THAT(fields, ::testing::IsSupersetOf({"3 traits[0].type", "6 segments[0].when", "8 actions[0].propensity"}));
  EXPECT_GE(result.problems.size(), 4u);
  for (size_t i = 1; i < result.problems.size(); ++i) EXPECT_LE(result.problems[i - 1].line, result.problems[i].line);
}

TEST(CompilePlaybook, DoesNotMissWhatCouldNotBeRead) {
  const CompileResult result = CompilePlaybook("actions: [{name: x, kind: OFER}]", 1, nullptr);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_THAT(result.problems[0].message, HasSubstr("did you mean `OFFER`"));
}

TEST(CompilePlaybook, RefusesALongChainOfSegments) {
  std::string text = "segments:\n  - {name: s0, when: ever('purchase')}\n";
  for (int i = 1; i < 40; ++i) absl::StrAppend(&text, "  - {name: s", i, ", when: in_segment('s", i - 1, "')}\n");
  const CompileResult result = CompilePlaybook(text, 1, nullptr);
  ASSERT_FALSE(result.problems.empty());
  EXPECT_THAT(result.problems[0].message, HasSubstr("a chain of more than 32 segments"));
}

TEST(CompilePlaybook, RefusesWhatMayTakeTooManySteps) {
  std::string rule = "customer.age > 3";
  for (const char* name : {"a", "b", "c", "d", "e"})
    rule = absl::StrCat("[1, 2, 3, 4, 5, 6, 7, 8, 9, 0].all(", name, ", ", rule, ")");
  const std::string dearer = absl::StrCat("[1, 2, 3, 4, 5, 6, 7, 8, 9, 0].all(f, ", rule, ")");
  MustCompile(absl::StrCat(kBase, "segments: [{name: a, when: \"", rule, "\"}]"));
  const CompileResult result = CompilePlaybook(absl::StrCat(kBase, "segments: [{name: a, when: \"", dearer, R"yaml("}]
actions:
  - name: b
    kind: OFFER
    value_of: ")yaml",
                                                            dearer, R"yaml( ? 1 : 2"
    treatments: [{channel: web, body: "{{ )yaml",
                                                            dearer, " }}\"}]\n"),
                                               1, nullptr);
  ASSERT_EQ(result.problems.size(), 3u);
  EXPECT_EQ(result.problems[0].field, "segments[0].when");
  EXPECT_EQ(result.problems[1].field, "actions[0].value_of");
  EXPECT_EQ(result.problems[2].field, "actions[0].treatments[0].body");
  for (const Problem& problem : result.problems)
    EXPECT_THAT(problem.message, HasSubstr("up to 3469120 steps, and at most 1000000 are allowed"));
}

TEST(CompilePlaybook, PointsIntoABlockScalar) {
  const CompileResult result =
      CompilePlaybook("segments:\n  - name: a\n    when: |\n      1 < 2 &&\n      customer.age > 3\n", 1, nullptr);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].line, 5);
  EXPECT_EQ(result.problems[0].column, 7);
}

TEST(CompilePlaybook, SaysHowEveryoneIsLookedAt) {
  const auto playbook = MustCompile(R"yaml(
traits: [{name: age, type: INT}, {name: tags, type: STRING_LIST}, {name: city, type: STRING}]
events: [{name: order}]
channels: [{name: web}]
labels: [{name: Shoes}]
journeys: [{name: shopping, stages: [{name: start, goal: Look around}]}]
population:
  purchase: order
  lifetime_value: {method: PLAIN, horizon: 90d, lifespan: 700d}
  personas: {max: 2, pain_points: [refund]}
)yaml");
  const segmentation::PopulationSpec& spec = playbook->population_spec;
  EXPECT_EQ(spec.purchase, segmentation::NameIdOf("order"));
  EXPECT_EQ(spec.lifetime_value, segmentation::LifetimeValueMethod::kPlain);
  EXPECT_EQ(spec.horizon, absl::Hours(24 * 90));
  EXPECT_EQ(spec.lifespan, absl::Hours(24 * 700));
  EXPECT_EQ(spec.personas_min, 2);
  EXPECT_EQ(spec.personas_max, 2);
  ASSERT_EQ(spec.traits.size(), 2u) << "a list is of no use here";
  EXPECT_EQ(spec.traits[1].name, "city");
  EXPECT_EQ(spec.labels[0].name, "Shoes");
  EXPECT_EQ(spec.channels[0].name, "web");
  EXPECT_EQ(spec.stages[0].goal, "Look around");
  EXPECT_EQ(spec.pain_points[0].name, "refund");
  EXPECT_EQ(MustCompile("name: shop")->population_spec.personas_max, 8);
}

TEST(CompilePlaybook, OneMistakeBringsNoOthersAlong) {
  const CompileResult result = CompilePlaybook(
      "segments: [{name: a, when: 'totl(\"purchase\", days(365)) >= 600.0 * double(count(\"purchase\", days(365)))'}]",
      1, nullptr);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_THAT(result.problems[0].message, HasSubstr("total"));
}

TEST(CompileWithSegment, AddsOneOrGivesOneAnotherRule) {
  constexpr absl::string_view kText =
      "segments:\n  - {name: a, enter_when: ever('login'), leave_when: ever('share')}\n";
  CandidateResult result = CompileWithSegment(kText, 7, nullptr, {"", "in_segment('a')"});
  ASSERT_NE(result.compiled.playbook, nullptr);
  EXPECT_EQ(result.index, 1);
  EXPECT_EQ(result.compiled.playbook->segments[1].name, "preview");
  EXPECT_EQ(result.compiled.playbook->version, 7u);
  result = CompileWithSegment(kText, 7, nullptr, {"a", "ever('search')"});
  ASSERT_NE(result.compiled.playbook, nullptr);
  EXPECT_EQ(result.index, 0);
  ASSERT_EQ(result.compiled.playbook->segments.size(), 1u);
  EXPECT_EQ(result.compiled.playbook->segment_rules[0].enter.source(), "ever('search')");
  EXPECT_FALSE(result.compiled.playbook->segment_rules[0].leave.has_value());
}

TEST(CompileWithSegment, PointsIntoTheCandidatesRule) {
  const CandidateResult result =
      CompileWithSegment("traits: [{name: age, type: INT}]", 1, nullptr, {"", "1 < 2 &&\ncustomer.aeg > 3"});
  ASSERT_EQ(result.compiled.problems.size(), 1u);
  const Problem& problem = result.compiled.problems[0];
  EXPECT_EQ(problem.field, "when");
  EXPECT_EQ(problem.line, 2);
  EXPECT_EQ(problem.column, 1);
  EXPECT_THAT(problem.message, HasSubstr("customer.age"));
}

TEST(CompilePlaybook, CompilesEqualRulesOnce) {
  const auto playbook = MustCompile(absl::StrCat(kBase, R"yaml(
actions:
  - {name: a, kind: OFFER, eligible_when: customer.age > 30}
  - {name: b, kind: OFFER, eligible_when: customer.age > 30}
  - {name: c, kind: OFFER, eligible_when: customer.age > 31}
)yaml"));
  EXPECT_EQ(playbook->actions[0].eligible, playbook->actions[1].eligible);
  EXPECT_NE(playbook->actions[0].eligible, playbook->actions[2].eligible);
}

// A journey's rule and segments alike; positions of problems are those of the text.
TEST(CompilePlaybook, SharesWhatRulesHaveInCommon) {
  const auto playbook = MustCompile(absl::StrCat(kBase, R"yaml(
segments:
  - {name: fresh, when: now - last('purchase') < days(30)}
  - {name: fresh_adult, when: customer.age >= 18 && now - last('purchase') < duration('720h')}
actions:
  - {name: a, kind: OFFER, eligible_when: "!(now-last('purchase')<days(30))"}
)yaml"));
  ASSERT_EQ(playbook->facts->shared().size(), 1u);
  segmentation::Profile profile;
  const segmentation::Context context;
  const absl::Time now = absl::FromUnixSeconds(1780000000);
  profile.ledger.Add(segmentation::NameIdOf("purchase"), now - absl::Hours(24 * 29), 0);
  Evaluation evaluation(*playbook, profile, context, now);
  EXPECT_TRUE(evaluation.frame().InSegment(0));
  EXPECT_FALSE(evaluation.frame().InSegment(1));
  EXPECT_FALSE(evaluation.Holds(playbook->actions[0].eligible));
  Evaluation later(*playbook, profile, context, now + absl::Hours(48));
  EXPECT_FALSE(later.frame().InSegment(0));
  EXPECT_TRUE(later.Holds(playbook->actions[0].eligible));
}

TEST(CompilePlaybook, PresetsHaveTheirStagesAndLabels) {
  const auto six = MustCompile("journeys: [{name: j, preset: SIX_STAGES}]");
  const auto five = MustCompile(
      "journeys: [{name: j, preset: FIVE_STAGES, stages: [{name: decision, timeout: 3d, labels: {de: Wahl}}]}]");
  const auto names = [](const Playbook& playbook) {
    std::vector<std::string> all;
    for (const Stage& stage : playbook.journeys[0].stages) all.push_back(stage.name);
    return all;
  };
  EXPECT_THAT(names(*six),
              ::testing::ElementsAre("awareness", "interest", "consideration", "purchase", "usage", "advocacy"));
  EXPECT_THAT(names(*five),
              ::testing::ElementsAre("awareness", "consideration", "decision", "purchase", "post_purchase"));
  for (const Stage& stage : six->journeys[0].stages) EXPECT_EQ(stage.labels.size(), 2u) << stage.name;
  const Stage& decision = five->journeys[0].stages[2];
  EXPECT_EQ(decision.timeout, absl::Hours(72));
  EXPECT_EQ(decision.labels, (Labels{{"de", "Wahl"}, {"en", "Decision"}}));
  EXPECT_NE(decision.enter, kNone);
}

TEST(CompilePlaybook, IndexesPlacements) {
  const auto playbook = MustCompile(absl::StrCat(kBase, R"yaml(
actions:
  - {name: everywhere, kind: CONTENT}
  - {name: mail_only, kind: OFFER, treatments: [{channel: email, body: hi}]}
  - {name: hero_only, kind: OFFER, placements: [hero]}
placements:
  - {name: cart, touchpoint: web/cart}
  - {name: hero, touchpoint: web/home, fallback: everywhere}
  - {name: letter, touchpoint: email/letter, exposure: ON_IMPRESSION, slots: 3}
)yaml"));
  EXPECT_THAT(playbook->placements[0].candidates, ::testing::ElementsAre(0));
  EXPECT_THAT(playbook->placements[1].candidates, ::testing::ElementsAre(0, 2));
  EXPECT_THAT(playbook->placements[2].candidates, ::testing::ElementsAre(0, 1));
  EXPECT_TRUE(playbook->placements[0].count_on_decision);
  EXPECT_FALSE(playbook->placements[2].count_on_decision);
  EXPECT_EQ(playbook->placements[1].fallback, 0);
}

TEST(CompilePlaybook, DeclaresLabels) {
  const auto playbook = MustCompile(absl::StrCat(kBase, R"yaml(
labels:
  - {name: shoes, events: [purchase, view_item]}
  - {name: Home & Garden}
segments:
  - {name: a, when: 'count("purchase/shoes", days(30)) > 2 && days_since("view_item/shoes") < 3'}
  - {name: b, when: 'affinity("shoes") + affinity("Home & Garden") + affinity("web") > 2.0'}
)yaml"));
  ASSERT_EQ(playbook->event_labels.size(), 2u);
  EXPECT_EQ(playbook->event_labels[1].name, "Home & Garden");
  EXPECT_EQ(playbook->event_labels[1].id, segmentation::NameIdOf("Home & Garden"));
  EXPECT_EQ(playbook->labelled_events.size(), 2u);
  EXPECT_EQ(playbook->labelled_events.at("purchase/shoes"), segmentation::NameIdOf("purchase/shoes"));
  EXPECT_EQ(playbook->event_ids.count("purchase/shoes"), 0u) << "nobody sends an event of this type";
  for (absl::string_view name : {"shoes", "Home & Garden", "purchase/shoes", "view_item/shoes"}) {
    EXPECT_EQ(NameOf(*playbook, segmentation::NameIdOf(name)), name);
  }
}

TEST(CompilePlaybook, TakesAsManyLabelsAsItSays) {
  const auto compile = [](int labels, absl::string_view events) {
    std::string text = "labels:\n";
    for (int i = 0; i < labels; ++i) absl::StrAppend(&text, "  - {name: l", i, ", events: [", events, "]}\n");
    const std::vector<Problem> problems = CompilePlaybook(text, 1, nullptr).problems;
    return problems.empty() ? std::string() : absl::StrCat(problems[0].field, ": ", problems[0].message);
  };
  EXPECT_EQ(compile(10'000, ""), "");
  EXPECT_EQ(compile(10'001, ""), "labels: at most 10000; these are 10001");
  EXPECT_EQ(compile(512, "purchase, view_item"), "");
  EXPECT_EQ(compile(513, "purchase, view_item"), "labels: at most 1024 events of all labels together; these are 1026");
}

TEST(CompilePlaybook, DeclaresTouchpointsWhereverTheyAreNamed) {
  const auto playbook = MustCompile(R"yaml(
channels: [{name: email}, {name: web}]
touchpoints: [{name: web/help, labels: {en: Help, de: Hilfe}}, {name: web/home}]
placements: [{name: hero, touchpoint: web/home}, {name: newsletter, touchpoint: email/newsletter}]
keep_text: [complaint]
)yaml");
  std::map<std::string, int> channels;
  for (const auto& [id, touchpoint] : playbook->touchpoints) {
    EXPECT_EQ(id, segmentation::NameIdOf(touchpoint.name));
    EXPECT_EQ(NameOf(*playbook, id), touchpoint.name);
    channels[touchpoint.name] = touchpoint.channel;
  }
  const std::map<std::string, int> expected = {
      {"email", 0}, {"email/newsletter", 0}, {"web", 1}, {"web/help", 1}, {"web/home", 1}};
  EXPECT_EQ(channels, expected);
  EXPECT_EQ(playbook->touchpoints.at(segmentation::NameIdOf("web/help")).labels,
            (Labels{{"de", "Hilfe"}, {"en", "Help"}}));
  EXPECT_THAT(playbook->keep_text, ::testing::UnorderedElementsAre(segmentation::NameIdOf("complaint")));
}

TEST(CompilePlaybook, SaysHowLongDecisionsAreKept) {
  EXPECT_EQ(MustCompile("keep_decisions: 30d")->keep_decisions, absl::Hours(24 * 30));
  EXPECT_EQ(MustCompile("name: shop")->keep_decisions, absl::ZeroDuration());
}

TEST(CompilePlaybook, TakesAnEmptyOne) {
  const CompileResult result = CompilePlaybook("name: empty", 4, nullptr);
  ASSERT_NE(result.playbook, nullptr);
  EXPECT_EQ(result.playbook->version, 4u);
  EXPECT_EQ(result.playbook->default_locale, "en");
}

}  // namespace
}  // namespace waymark::playbook
