#include "service/playbook/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/text_format.h"
#include "waymark/playbook/v1/playbook.pb.h"

namespace waymark::playbook {

void PrintTo(const Problem& problem, std::ostream* out) {
  *out << problem.field << ":" << problem.line << ":" << problem.column << ": " << problem.message;
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::waymark::playbook::v1::Playbook;

std::string Sequence(absl::string_view before, int times, absl::string_view after) {
  std::string text;
  for (int i = 0; i < times; ++i) absl::StrAppend(&text, before);
  for (int i = 0; i < times; ++i) absl::StrAppend(&text, after);
  return text;
}

struct BrokenText {
  const char* name;
  std::string text;
  Problem problem;
};

void PrintTo(const BrokenText& broken, std::ostream* out) { *out << broken.name; }

class BrokenTextTest : public testing::TestWithParam<BrokenText> {};

TEST_P(BrokenTextTest, HasOneProblemAtItsPlace) {
  Playbook playbook;
  EXPECT_THAT(ReadYaml(GetParam().text, playbook).problems, ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BrokenTextTest,
    testing::Values(
        BrokenText{"Empty", "", {"", 0, 0, "there is nothing in this text"}},
        BrokenText{"OnlyAComment", "# nothing\n", {"", 0, 0, "there is nothing in this text"}},
        BrokenText{"NotAMapping", "- a\n", {"", 1, 1, "expected a mapping, not a list"}},
        BrokenText{"Unclosed", "name: [a\n", {"", 2, 1, "broken YAML: end of sequence flow not found"}},
        BrokenText{"Tab", "traits:\n\t- {name: a}\n", {"", 2, 2, "broken YAML: illegal block entry"}},
        BrokenText{"TwoDocuments",
                   "name: a\n---\nname: b\n",
                   {"", 2, 1, "broken YAML: a second document begins here; only one is read"}},
        BrokenText{"NotUtf8", "name: a\nb: \xFF\n", {"", 2, 4, "this is not UTF-8"}},
        BrokenText{"Surrogate", "name: \xED\xA0\x80\n", {"", 1, 7, "this is not UTF-8"}},
        BrokenText{"Overlong", "name: \xE0\x80\x80\n", {"", 1, 7, "this is not UTF-8"}},
        BrokenText{
            "EndOfTransmission", "name: a\n\x04segment: 1\n", {"", 2, 1, "a control character is not allowed here"}},
        BrokenText{"TooLong", std::string(kMaxYamlBytes + 1, '#'), {"", 0, 0, "more than 1.75 MiB of text"}},
        BrokenText{"TooDeep", Sequence("[", 65, "]"), {"", 1, 65, "broken YAML: nested deeper than 64 levels"}},
        BrokenText{"FarTooDeep", Sequence("[", 100'000, ""), {"", 1, 33, "broken YAML: nested deeper than 64 levels"}},
        BrokenText{
            "FarTooDeepKeys", Sequence("? ", 100'000, ""), {"", 1, 129, "broken YAML: nested deeper than 64 levels"}},
        BrokenText{
            "FarTooDeepItems", Sequence("- ", 100'000, ""), {"", 1, 129, "broken YAML: nested deeper than 64 levels"}},
        BrokenText{"FarTooDeepMaps",
                   Sequence("{a: ", 50'000, "}"),
                   {"", 1, 257, "broken YAML: nested deeper than 64 levels"}}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Keys, BrokenTextTest,
    testing::Values(
        BrokenText{"Unknown",
                   "name: a\nsegmants: []\n",
                   {"segmants", 2, 1, "unknown key \"segmants\"; did you mean `segments`?"}},
        BrokenText{"UnknownWithoutLikeness",
                   "segments:\n  - name: a\n    population: 7\n",
                   {"segments[0].population", 3, 5,
                    "unknown key \"population\"; known are name, when, labels, enter_when, leave_when"}},
        BrokenText{"GivenTwice", "name: a\nname: b\n", {"name", 2, 1, "\"name\" is given twice (first on line 1)"}},
        BrokenText{"LabelGivenTwice",
                   "segments: [{labels: {de: a, en: b, de: c}}]\n",
                   {"segments[0].labels.de", 1, 36, "\"de\" is given twice (first on line 1)"}},
        BrokenText{
            "UnknownGivenTwice", "name: a\n\"name\": 1\n", {"name", 2, 1, "\"name\" is given twice (first on line 1)"}},
        BrokenText{"MergeKey",
                   "segments:\n  - <<: {name: a}\n",
                   {"segments[0]", 2, 5, "merge keys (<<) are not read: write the values out"}},
        BrokenText{"ListAsKey", "[a]: b\n", {"", 1, 1, "expected a key, not a list"}},
        BrokenText{"MappingAsKey", "name: a\n? {}\n: b\n", {"", 2, 3, "expected a key, not a mapping"}}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Values, BrokenTextTest,
    testing::Values(
        BrokenText{"NoValue", "name:\ncurrency: EUR\n", {"name", 1, 1, "expected a single value, not nothing"}},
        BrokenText{"NoMessage", "arbitration: ~\n", {"arbitration", 1, 1, "expected a mapping, not nothing"}},
        BrokenText{"ListForText", "name: [a]\n", {"name", 1, 7, "expected a single value, not a list"}},
        BrokenText{"TextForList", "segments: all\n", {"segments", 1, 11, "expected a list, not \"all\""}},
        BrokenText{"MappingForList", "segments: {name: a}\n", {"segments", 1, 11, "expected a list, not a mapping"}},
        BrokenText{"TextForMapping",
                   "segments:\n  - 'vip'\n",
                   {"segments[0]", 2, 5, "expected a mapping, not the text \"vip\""}},
        BrokenText{"ListForMapping",
                   "segments:\n  - labels: [a]\n",
                   {"segments[0].labels", 2, 13, "expected a mapping, not a list"}},
        BrokenText{"NothingInAList", "segments:\n  -\n", {"segments[0]", 3, 1, "expected a mapping, not nothing"}},
        BrokenText{"TextForInt",
                   "placements: [{slots: many}]\n",
                   {"placements[0].slots", 1, 22, "expected a whole number, not \"many\""}},
        BrokenText{"QuotedInt",
                   "placements: [{slots: '1'}]\n",
                   {"placements[0].slots", 1, 22, "expected a whole number, not the text \"1\""}},
        BrokenText{"FractionForInt",
                   "placements: [{slots: 1.5}]\n",
                   {"placements[0].slots", 1, 22, "expected a whole number, not \"1.5\""}},
        BrokenText{"IntOutOfRange",
                   "placements: [{slots: 3000000000}]\n",
                   {"placements[0].slots", 1, 22, "\"3000000000\" is out of range: -2147483648 to 2147483647"}},
        BrokenText{"LongOutOfRange",
                   "actions: [{value: {micros: 99999999999999999999}}]\n",
                   {"actions[0].value.micros", 1, 28,
                    "\"99999999999999999999\" is out of range: -9223372036854775808 to 9223372036854775807"}},
        BrokenText{"TextForDouble",
                   "actions: [{lever: high}]\n",
                   {"actions[0].lever", 1, 19, "expected a number, not \"high\""}},
        BrokenText{
            "NotANumber", "actions: [{lever: nan}]\n", {"actions[0].lever", 1, 19, "expected a number, not \"nan\""}},
        BrokenText{"DoubleOutOfRange",
                   "actions: [{lever: 1e999}]\n",
                   {"actions[0].lever", 1, 19, "\"1e999\" is out of range"}},
        BrokenText{"YesForBool",
                   "arbitration:\n  use_value: yes\n",
                   {"arbitration.use_value", 2, 14, "expected true or false, not \"yes\""}},
        BrokenText{"EnumLikeAnother",
                   "actions: [{kind: OFER}]\n",
                   {"actions[0].kind", 1, 18, "unknown value \"OFER\"; did you mean `OFFER`?"}},
        BrokenText{"EnumInFull",
                   "actions: [{kind: ACTION_KIND_OFFER}]\n",
                   {"actions[0].kind", 1, 18, "unknown value \"ACTION_KIND_OFFER\"; did you mean `OFFER`?"}},
        BrokenText{"EnumLikeNone",
                   "actions: [{kind: VOUCHER}]\n",
                   {"actions[0].kind", 1, 18, "unknown value \"VOUCHER\"; one of OFFER, CONTENT, SERVICE, NONE"}},
        BrokenText{"EnumUnspecified",
                   "journeys: [{preset: UNSPECIFIED}]\n",
                   {"journeys[0].preset", 1, 21, "unknown value \"UNSPECIFIED\"; one of SIX_STAGES, FIVE_STAGES"}},
        BrokenText{
            "Duration",
            "actions: [{limits: [{window: 7 days}]}]\n",
            {"actions[0].limits[0].window", 1, 30, "expected a duration such as 30s, 90m, 12h or 7d, not \"7 days\""}},
        BrokenText{
            "DurationWithoutUnit",
            "actions: [{limits: [{window: 7}]}]\n",
            {"actions[0].limits[0].window", 1, 30, "expected a duration such as 30s, 90m, 12h or 7d, not \"7\""}},
        BrokenText{"NegativeDuration",
                   "actions: [{limits: [{window: -1d}]}]\n",
                   {"actions[0].limits[0].window", 1, 30, "the duration \"-1d\" is out of range: 0s to 10,000 years"}},
        BrokenText{"EndlessDuration",
                   "actions: [{limits: [{window: 9223372036854775807d}]}]\n",
                   {"actions[0].limits[0].window", 1, 30,
                    "the duration \"9223372036854775807d\" is out of range: 0s to 10,000 years"}},
        BrokenText{"Timestamp",
                   "actions: [{valid_from: 31.1.2026}]\n",
                   {"actions[0].valid_from", 1, 24,
                    "expected a time such as 2026-01-31T12:00:00Z or a date such as 2026-01-31, not \"31.1.2026\""}},
        BrokenText{"NoSuchDay",
                   "actions: [{valid_from: 2026-02-30}]\n",
                   {"actions[0].valid_from", 1, 24,
                    "expected a time such as 2026-01-31T12:00:00Z or a date such as 2026-01-31, not \"2026-02-30\""}},
        BrokenText{"TimeOutOfRange",
                   "actions: [{valid_from: 10000-01-01}]\n",
                   {"actions[0].valid_from", 1, 24, "the time \"10000-01-01\" is out of range: years 1 to 9999"}},
        BrokenText{"EndlessTime",
                   "actions: [{valid_from: infinite-future}]\n",
                   {"actions[0].valid_from", 1, 24, "the time \"infinite-future\" is out of range: years 1 to 9999"}},
        BrokenText{"Tag", "name: !!str a\n", {"name", 1, 7, "tags (!name) are not read"}},
        BrokenText{"TagOfMapping",
                   "arbitration: !x {use_value: true}\n",
                   {"arbitration", 1, 14, "tags (!name) are not read"}}),
    [](const auto& info) { return info.param.name; });

TEST(YamlReader, RefusesAnchorsAndAliases) {
  Playbook playbook;
  EXPECT_THAT(ReadYaml("name: &n shop\ncurrency: *n\n", playbook).problems,
              ElementsAre(Problem{"name", 1, 7, "anchors (&name) are not read: write the value out where it is needed"},
                          Problem{"currency", 2, 11, "aliases (*name) are not read: write the value out"}));
}

TEST(YamlReader, ReportsAllProblemsInTheirOrderAndReadsTheRest) {
  Playbook playbook;
  const Reading reading = ReadYaml(
      "name: shop\n"
      "actions:\n"
      "  - {name: a, kind: OFFR, lever: 2}\n"
      "  - nothing\n"
      "  - {nam: c, limits: [{max: 1, window: 1x}, 5]}\n"
      "colour: red\n"
      "placements: [{name: p, slots: 2}]\n",
      playbook);
  std::vector<std::string> places;
  for (const Problem& problem : reading.problems) {
    places.push_back(absl::StrCat(problem.field, " ", problem.line, ":", problem.column));
  }
  EXPECT_THAT(places, ElementsAre("actions[0].kind 3:21", "actions[1] 4:5", "actions[2].nam 5:6",
                                  "actions[2].limits[0].window 5:40", "actions[2].limits[1] 5:45", "colour 6:1"));
  Playbook expected;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(name: "shop"
         actions { name: "a" lever: 2 } actions {} actions { limits { max: 1 } limits {} }
         placements { name: "p" slots: 2 })",
      &expected));
  EXPECT_EQ(playbook.DebugString(), expected.DebugString());
}

TEST(YamlReader, ReportsAtMostAThousandProblems) {
  std::string text;
  for (int i = 0; i < 2000; ++i) absl::StrAppend(&text, "k", i, ": 1\n");
  Playbook playbook;
  EXPECT_EQ(ReadYaml(text, playbook).problems.size(), 1000u);
}

// Every kind of field, as a person writes it and as the message holds it.
constexpr absl::string_view kWritten = R"(# A shop.
name: 7
currency: "EUR"
default_locale: 'de'
traits: [{name: age, type: INT}, {name: country, type: STRING}]
purposes:
events:
- name: visit
context: []
segments:
  - name: vip
    when: |
      total("purchase", days(365))
        >= 1000.0
    labels: {de: Stammkunde, en: true}
journeys:
  - name: shopping
    preset: SIX_STAGES
    stages:
      - {name: interest, timeout: 7d, minimum_dwell: 1h30m}
actions:
  - name: free_shipping
    kind: OFFER
    stages: [consideration, purchase]
    valid_from: 2026-01-31
    valid_until: "2026-12-31T23:59:59.5+01:00"
    value: {micros: "4500000", currency: EUR}
    propensity: 0
    lever: -1.5e1
    limits: [{per: CUSTOMER, max: 2, window: 604800s}, {window: 0.25s}]
arbitration: {use_value: false, use_lever: TRUE}
)";

constexpr char kHeld[] = R"pb(
  name: "7"
  currency: "EUR"
  default_locale: "de"
  traits { name: "age" type: VALUE_TYPE_INT }
  traits { name: "country" type: VALUE_TYPE_STRING }
  events { name: "visit" }
  segments {
    name: "vip"
    when: "total(\"purchase\", days(365))\n  >= 1000.0\n"
    labels { key: "de" value: "Stammkunde" }
    labels { key: "en" value: "true" }
  }
  journeys {
    name: "shopping"
    preset: JOURNEY_PRESET_SIX_STAGES
    stages {
      name: "interest"
      timeout { seconds: 604800 }
      minimum_dwell { seconds: 5400 }
    }
  }
  actions {
    name: "free_shipping"
    kind: ACTION_KIND_OFFER
    stages: "consideration"
    stages: "purchase"
    valid_from { seconds: 1769817600 }
    valid_until { seconds: 1798757999 nanos: 500000000 }
    value { micros: 4500000 currency: "EUR" }
    propensity: 0
    lever: -15
    limits {
      per: LIMIT_SCOPE_CUSTOMER
      max: 2
      window { seconds: 604800 }
    }
    limits { window { nanos: 250000000 } }
  }
  arbitration { use_value: false use_lever: true }
)pb";

TEST(YamlReader, ReadsEveryKindOfField) {
  Playbook playbook;
  EXPECT_THAT(ReadYaml(kWritten, playbook).problems, IsEmpty());
  Playbook expected;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(kHeld, &expected));
  EXPECT_EQ(playbook.DebugString(), expected.DebugString());
  EXPECT_TRUE(playbook.actions(0).has_propensity());
}

TEST(YamlReader, ReadsJsonByteOrderMarkAndCarriageReturns) {
  for (const absl::string_view text : {R"({"name": "a", "segments": [{"name": "b", "labels": {"de": "ä\u00e4"}}]})",
                                       "\xEF\xBB\xBFname: a\nsegments: [{name: b, labels: {de: ää}}]",
                                       "name: a\r\nsegments:\r\n- name: b\r\n  labels:\r\n    de: ää\r\n"}) {
    Playbook playbook;
    EXPECT_THAT(ReadYaml(text, playbook).problems, IsEmpty()) << text;
    EXPECT_EQ(playbook.name(), "a") << text;
    EXPECT_EQ(playbook.segments(0).name(), "b") << text;
    EXPECT_EQ(playbook.segments(0).labels().at("de"), "ää") << text;
  }
}

std::string Show(Position position) { return absl::StrCat(position.line, ":", position.column); }

TEST(Positions, OfAFieldOrTheNearestAroundIt) {
  Playbook playbook;
  const Positions positions = ReadYaml(kWritten, playbook).positions;
  EXPECT_EQ(Show(positions.Of("name")), "2:7");
  EXPECT_EQ(Show(positions.Of("currency")), "3:12");
  EXPECT_EQ(Show(positions.Of("traits[1].type")), "5:56");
  EXPECT_EQ(Show(positions.Of("purposes")), "6:1");
  EXPECT_EQ(Show(positions.Of("segments[0].when")), "13:7");
  EXPECT_EQ(Show(positions.Of("segments[0].labels.de")), "15:18");
  EXPECT_EQ(Show(positions.Of("actions[0].eligible_when")), "22:5");
  EXPECT_EQ(Show(positions.Of("actions[7].name")), "22:3");
  EXPECT_EQ(Show(positions.Of("nowhere")), "2:1");
  EXPECT_EQ(Show(Positions().Of("name")), "0:0");
}

// Finds each character of a scalar's value, other than spaces, again in the text.
void ExpectFound(absl::string_view text, absl::string_view field, absl::string_view value) {
  Playbook playbook;
  const Positions positions = ReadYaml(text, playbook).positions;
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  int line = 1, column = 1;
  for (const char c : value) {
    if (c != ' ' && c != '\n') {
      const Position at = positions.Within(field, line, column);
      ASSERT_LE(at.line, static_cast<int>(lines.size())) << text;
      ASSERT_LE(at.column, static_cast<int>(lines[at.line - 1].size())) << text;
      EXPECT_EQ(lines[at.line - 1][at.column - 1], c) << text << " at " << line << ":" << column;
    }
    column = c == '\n' ? 1 : column + 1;
    if (c == '\n') ++line;
  }
}

TEST(Positions, WithinAScalar) {
  ExpectFound("segments: [{when: abcd}]", "segments[0].when", "abcd");
  ExpectFound("segments: [{when: 'ab''cd'}]", "segments[0].when", "ab'cd");
  ExpectFound("segments: [{when: \"ab c\"}]", "segments[0].when", "ab c");
  ExpectFound("segments:\n  - when: |\n      ab\n        cd\n\n      ef\n", "segments[0].when", "ab\n  cd\n\nef\n");
  ExpectFound("segments:\n  - when: >-  # why\n      ab\n      cd\n\n      ef\n", "segments[0].when", "ab cd\nef");
  ExpectFound("segments:\n  - when: ab\n      cd\n      ef\n", "segments[0].when", "ab cd ef");
  ExpectFound("segments:\n  - when: \"ab\n      cd\\\n      ef\n\n      gh\"\n", "segments[0].when", "ab cdef\ngh");
  ExpectFound("segments:\r\n  - when: |\r\n      ab\r\n      cd\r\n", "segments[0].when", "ab\ncd\n");
}

TEST(Positions, WithinAnEscapedScalar) {
  Playbook playbook;
  const Positions positions = ReadYaml("name: \"a\\u00e4\\\"b\\nc\"", playbook).positions;
  ASSERT_EQ(playbook.name(), "aä\"b\nc");
  EXPECT_EQ(Show(positions.Within("name", 1, 1)), "1:8");
  EXPECT_EQ(Show(positions.Within("name", 1, 2)), "1:9");
  EXPECT_EQ(Show(positions.Within("name", 1, 4)), "1:15");
  EXPECT_EQ(Show(positions.Within("name", 1, 5)), "1:17");
  EXPECT_EQ(Show(positions.Within("name", 2, 1)), "1:20");
  EXPECT_EQ(Show(positions.Within("missing", 2, 1)), "1:1");
}

// Neither cuts, nor flips, nor noise may crash the reader or lead it outside of the text.
void ExpectSurvives(const std::string& text) {
  Playbook playbook;
  const Reading reading = ReadYaml(text, playbook);
  const int lines = 1 + static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  for (const Problem& problem : reading.problems) {
    EXPECT_FALSE(problem.message.empty());
    EXPECT_LE(problem.line, lines + 1) << text;
  }
  const Position within = reading.positions.Within("segments[0].when", 2, 3);
  EXPECT_LE(within.line, lines) << text;
}

TEST(YamlReader, SurvivesEveryCut) {
  const std::string text(kWritten);
  for (size_t i = 0; i <= text.size(); ++i) {
    ExpectSurvives(text.substr(0, i));
    ExpectSurvives(text.substr(i));
  }
}

TEST(YamlReader, SurvivesNoise) {
  std::mt19937 random(7);
  const std::string alphabet = "ab:-?[]{},&*!|>'\"%@`#~ \n\n\t\\<x01";
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (size_t n = random() % 40; n > 0; --n) text.push_back(alphabet[random() % alphabet.size()]);
    ExpectSurvives(text);
  }
  for (int i = 0; i < 5'000; ++i) {
    std::string text(kWritten);
    for (int n = 0; n < 3; ++n) text[random() % text.size()] = alphabet[random() % alphabet.size()];
    ExpectSurvives(text);
  }
}

}  // namespace
}  // namespace waymark::playbook
