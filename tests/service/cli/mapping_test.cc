#include "service/cli/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/playbook/yaml_reader.h"

namespace waymark::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

playbook::v1::ImportMapping Mapping(absl::string_view yaml) {
  playbook::v1::ImportMapping mapping;
  for (const playbook::Problem& problem : playbook::ReadYaml(yaml, mapping).problems) {
    ADD_FAILURE() << problem.line << ": " << problem.message;
  }
  return mapping;
}

bool Nobody(absl::string_view) { return false; }

// What one line becomes, as text.
std::string Converted(absl::string_view yaml, const std::vector<std::string>& texts) {
  const playbook::v1::ImportMapping mapping = Mapping(yaml);
  EXPECT_THAT(CheckMapping(mapping), IsEmpty()) << CheckMapping(mapping)[0].field << CheckMapping(mapping)[0].message;
  const LineConverter converter(mapping, mapping.sources(0));
  const Conversion conversion = converter.Convert(texts, 12, Nobody);
  if (conversion.kind == Conversion::Kind::kRefused) return absl::StrCat("refused: ", conversion.reason);
  if (conversion.kind == Conversion::Kind::kSkipped) return "skipped";
  std::string out = conversion.customer;
  if (conversion.profile.has_value()) {
    for (const playbook::v1::TraitColumn& trait : mapping.sources(0).traits()) {  // a map has no order
      const auto value = conversion.profile->traits().find(trait.trait());
      if (value == conversion.profile->traits().end()) continue;
      absl::StrAppend(&out, " ", trait.trait(), " ", value->second.ShortDebugString());
    }
    for (const auto& [purpose, consent] : conversion.profile->consents()) {
      absl::StrAppend(&out, " ", purpose, " {", consent.ShortDebugString(), "}");
    }
  }
  for (const v1::Event& event : conversion.events) absl::StrAppend(&out, " [", event.ShortDebugString(), "]");
  return out;
}

constexpr absl::string_view kTraits = R"(
name: m
missing: [NA]
sources:
  - file: c.csv
    customer: {column: id, prefix: crm-}
    traits:
      - {trait: age, type: INT, missing: ['118'], values: {many: '99'}}
      - {trait: city, column: town}
    consents:
      - {purpose: mail, column: opt_in, time_column: since}
)";

TEST(LineConverter, NamesTheColumnsToRead) {
  const playbook::v1::ImportMapping mapping = Mapping(kTraits);
  EXPECT_THAT(LineConverter(mapping, mapping.sources(0)).own_columns(),
              ElementsAre("id", "age", "town", "opt_in", "since"));
}

TEST(LineConverter, MakesProfiles) {
  EXPECT_EQ(Converted(kTraits, {"7", "40", "Graz", "Yes", "1970-01-02"}),
            "crm-7 age int_value: 40 city string_value: \"Graz\" mail {granted: true time { seconds: 86400 }}");
  EXPECT_EQ(Converted(kTraits, {"7", "many", "NA", "no", ""}), "crm-7 age int_value: 99 mail {}");
  EXPECT_EQ(Converted(kTraits, {"7", "118", "", "", ""}), "crm-7");
}

TEST(LineConverter, RefusesWithoutTellingTheText) {
  EXPECT_EQ(Converted(kTraits, {"7", "secret", "", "", ""}), "refused: column \"age\": expected a whole number");
  EXPECT_EQ(Converted(kTraits, {"7", "30",
                                "M\xfc"
                                "ller",
                                "", ""}),
            "refused: column \"town\": not UTF-8");
  EXPECT_EQ(Converted(kTraits, {"", "1", "", "", ""}), "refused: column \"id\": missing, and the customer");
  EXPECT_EQ(Converted(kTraits, {std::string(125, 'x'), "1", "", "", ""}),
            "refused: column \"id\": longer than 128 bytes");
  EXPECT_EQ(Converted(kTraits, {"7", "1", "", "perhaps", ""}),
            "refused: column \"opt_in\": neither a text for granted nor one for refused");
  EXPECT_EQ(Converted(kTraits, {"7", "1", "", "yes", "then"}),
            "refused: column \"since\": expected a time, as the mapping says it is written");
}

constexpr absl::string_view kEvents = R"(
name: m
currency: EUR
sources:
  - file: sub/orders.csv
    customer: {column: who}
    where:
      - {column: status, in: [paid, sent]}
    events:
      - type: purchase
        id: [order, item]
        time_column: at
        value: {column: price, times: quantity}
        where: [{column: order, present: true}]
      - type_from: {column: kind, types: {R: return_goods}}
        time_column: at
        value: {column: quantity, kind: NUMBER}
)";
// Columns: status, who, order, item, at, price, quantity, kind.

TEST(LineConverter, MakesEvents) {
  EXPECT_EQ(Converted(kEvents, {"paid", "7", "o1", "i1", "1970-01-02", "2.55", "6", "P"}),
            "7 [id: \"purchase/o1/i1\" type: \"purchase\" time { seconds: 86400 } "
            "money { micros: 15300000 currency: \"EUR\" }]");
  EXPECT_EQ(Converted(kEvents, {"sent", "7", "", "", "1970-01-02", "", "6", "R"}),
            "7 [id: \"return_goods/sub/orders.csv:12#1\" type: \"return_goods\" time { seconds: 86400 } number: 6]");
  EXPECT_EQ(Converted(kEvents, {"sent", "7", "o", "i", "1970-01-02", "", "6", "R"}),
            "7 [id: \"purchase/o/i\" type: \"purchase\" time { seconds: 86400 }] "
            "[id: \"return_goods/sub/orders.csv:12#1\" type: \"return_goods\" time { seconds: 86400 } number: 6]");
}

TEST(LineConverter, SkipsWhatIsLeftOut) {
  EXPECT_EQ(Converted(kEvents, {"open", "7", "o1", "i1", "1970-01-02", "2.55", "6", "P"}), "skipped");
  EXPECT_EQ(Converted(kEvents, {"paid", "7", "", "i1", "1970-01-02", "2.55", "6", "P"}), "skipped");
}

TEST(LineConverter, RefusesBrokenEvents) {
  EXPECT_EQ(Converted(kEvents, {"paid", "7", "o1", "", "1970-01-02", "2.55", "6", "P"}),
            "refused: column \"item\": missing, and a part of the event's id");
  EXPECT_EQ(Converted(kEvents, {"paid", "7", "o1", "i1", "", "2.55", "6", "P"}),
            "refused: column \"at\": missing, and the time of the event");
  EXPECT_EQ(Converted(kEvents, {"paid", "7", "o1", "i1", "yesterday", "2.55", "6", "P"}),
            "refused: column \"at\": expected a time of the years 1970 to 9999, as the mapping says it is written");
  EXPECT_EQ(Converted(kEvents, {"paid", "7", "o1", "i1", "1970-01-02", "2.55", "", "P"}),
            "refused: column \"quantity\": missing");
  EXPECT_EQ(Converted(kEvents, {"paid", "7", "o1", "i1", "1970-01-02", "free", "6", "P"}),
            "refused: column \"price\": expected an amount");
  EXPECT_EQ(Converted(kEvents, {"paid", "7", "o1", "i1", "1970-01-02", "999999999999", "999999", "P"}),
            "refused: column \"price\": the amount is too large");
  EXPECT_EQ(Converted(kEvents, {"paid", "7", std::string(128, 'o'), "i1", "1970-01-02", "1", "6", "P"}),
            "refused: the event's id would be longer than 128 bytes");
}

TEST(LineConverter, SkipsUnknownCustomersBeforeItLooksAtTheRest) {
  const playbook::v1::ImportMapping mapping = Mapping(R"(
name: m
sources:
  - file: e.csv
    customer: {column: who}
    only_known_customers: true
    events: [{type: visit, time_column: at}]
)");
  const LineConverter converter(mapping, mapping.sources(0));
  const auto known = [](absl::string_view customer) { return customer == "7"; };
  EXPECT_EQ(converter.Convert(std::vector<std::string>{"8", "broken"}, 2, known).kind, Conversion::Kind::kSkipped);
  EXPECT_EQ(converter.Convert(std::vector<std::string>{"7", "broken"}, 2, known).kind, Conversion::Kind::kRefused);
  EXPECT_EQ(converter.Convert(std::vector<std::string>{"7", "2020-01-01"}, 2, known).kind,
            Conversion::Kind::kConverted);
}

TEST(LineConverter, GivesLabelsAndTheTouchpoint) {
  constexpr absl::string_view kLabels = R"(
name: m
missing: [NA]
sources:
  - file: e.csv
    customer: {column: who}
    events:
      - type: view
        id: [who]
        time_column: at
        labels: [{column: category, values: {MEAT-PCKGD: Meat, None: ''}}, {column: brand}]
        touchpoint_from: {column: device, values: {app: app/home, till: store/till}}
      - {type: visit, id: [who], time_column: at, touchpoint: web}
)";
  // Columns: who, at, category, brand, device.
  EXPECT_EQ(Converted(kLabels, {"7", "1970-01-02", "MEAT-PCKGD", "Acme", "app"}),
            "7 [id: \"view/7\" type: \"view\" time { seconds: 86400 } labels: \"Meat\" labels: \"Acme\" touchpoint: "
            "\"app/home\"] [id: \"visit/7\" type: \"visit\" time { seconds: 86400 } touchpoint: \"web\"]");
  EXPECT_EQ(Converted(kLabels, {"7", "1970-01-02", "None", "NA", ""}),
            "7 [id: \"view/7\" type: \"view\" time { seconds: 86400 }] "
            "[id: \"visit/7\" type: \"visit\" time { seconds: 86400 } touchpoint: \"web\"]");
}

TEST(LineConverter, GivesWhatCustomersFeltAndWrote) {
  constexpr absl::string_view kFeelings = R"(
name: m
missing: [NA]
sources:
  - file: e.csv
    customer: {column: who}
    events:
      - {type: nps, id: [who], time_column: at, value: {column: score, kind: NUMBER}, sentiment_column: mood, text_column: words}
)";
  // Columns: who, at, score, mood, words.
  EXPECT_EQ(Converted(kFeelings, {"7", "1970-01-02", "9", "-0.25", "Nice"}),
            "7 [id: \"nps/7\" type: \"nps\" time { seconds: 86400 } number: 9 sentiment: -0.25 text: \"Nice\"]");
  EXPECT_EQ(Converted(kFeelings, {"7", "1970-01-02", "9", "", "NA"}),
            "7 [id: \"nps/7\" type: \"nps\" time { seconds: 86400 } number: 9]");
  for (const char* mood : {"1.5", "-1.01", "bad", "nan"}) {
    EXPECT_EQ(Converted(kFeelings, {"7", "1970-01-02", "9", mood, ""}),
              "refused: column \"mood\": expected a number from -1 to 1");
  }
}

TEST(LineConverter, CutsLongTextsAtACharacter) {
  const playbook::v1::ImportMapping mapping = Mapping(
      "name: m\nsources: [{file: f, customer: {column: c}, events: [{type: t, id: [c], time_column: at, text_column: "
      "x}]}]");
  const LineConverter converter(mapping, mapping.sources(0));
  const auto text_of = [&](const std::string& text) {
    return converter.Convert(std::vector<std::string>{"7", "1970-01-02", text}, 1, Nobody).events.at(0).text();
  };
  const std::string most(499, 'x');
  EXPECT_EQ(text_of(most + "y"), most + "y");
  EXPECT_EQ(text_of(most + "yz"), most + "y");
  EXPECT_EQ(text_of(most + "ä"), most);
  EXPECT_EQ(text_of(most + "😠!"), most);
}

TEST(LineConverter, ReadsCustomersThatWereWrittenAsNumbers) {
  constexpr absl::string_view kNumbers =
      "name: m\nsources: [{file: f, customer: {column: c, prefix: k, whole_number: true}, traits: [{trait: a}]}]";
  EXPECT_EQ(Converted(kNumbers, {"17850.0", ""}), "k17850");
  EXPECT_EQ(Converted(kNumbers, {"17850", ""}), "k17850");
  EXPECT_EQ(Converted(kNumbers, {"17850.5", ""}), "refused: column \"c\": expected a whole number, the customer");
  EXPECT_EQ(Converted(kNumbers, {"anna", ""}), "refused: column \"c\": expected a whole number, the customer");
  EXPECT_EQ(Converted(kNumbers, {"", ""}), "refused: column \"c\": missing, and the customer");
}

TEST(LineConverter, FiltersByEveryKindOfFilter) {
  const struct {
    const char* filter;
    const char* text;
    bool holds;
  } kCases[] = {
      {"equals: a", "a", true},       {"equals: a", "b", false},      {"equals: ''", "", true},
      {"in: [a, b]", "b", true},      {"in: [a, b]", "c", false},     {"not_in: [a, b]", "c", true},
      {"not_in: [a, b]", "a", false}, {"present: true", "x", true},   {"present: true", "NA", false},
      {"present: false", "", true},   {"present: false", "x", false}, {"above: 0", "0.01", true},
      {"above: 0", "0", false},       {"above: -1", "-0.5", true},    {"above: 1000", "1,000.5", true},
      {"above: 0", "many", false},    {"above: 0", "", false},
  };
  for (const auto& c : kCases) {
    const std::string yaml =
        absl::StrCat("name: m\nmissing: [NA]\nsources: [{file: f, customer: {column: c}, where: [{column: x, ",
                     c.filter, "}], events: [{type: t, time_column: c}]}]");
    EXPECT_EQ(Converted(yaml, {c.text, "1970-01-01"}) != "skipped", c.holds) << c.filter << " of " << c.text;
  }
}

TEST(LineConverter, UsesJoinedColumnsLikeItsOwn) {
  const playbook::v1::ImportMapping mapping = Mapping(R"(
name: m
sources:
  - file: f.csv
    joins:
      - {file: g.csv, key: campaign, columns: [start, kind]}
      - {file: h.csv, key: shop, foreign_key: number, columns: [town]}
    customer: {column: who}
    events: [{type_from: {column: kind, types: {A: a}}, id: [campaign, town], time_column: start}]
)");
  EXPECT_THAT(CheckMapping(mapping), IsEmpty());
  const LineConverter converter(mapping, mapping.sources(0));
  EXPECT_THAT(converter.own_columns(), ElementsAre("campaign", "shop", "who"));
  EXPECT_EQ(converter.key_column(0), 0u);
  EXPECT_EQ(converter.key_column(1), 1u);
  const Conversion conversion =
      converter.Convert(std::vector<std::string>{"3", "4", "me", "1970-01-02", "A", "Graz"}, 2, Nobody);
  ASSERT_EQ(conversion.events.size(), 1u) << conversion.reason;
  EXPECT_EQ(conversion.events[0].id(), "a/3/Graz");
}

TEST(CheckMapping, TellsEachMistake) {
  constexpr absl::string_view kEvent =
      "name: m\nsources: [{file: f, customer: {column: c}, events: [{type: t, time_column: c, ";
  constexpr absl::string_view kGood = "customer: {column: c}, events: [{type: t, time_column: c}]";
  const struct {
    std::string yaml;
    const char* problem;
  } kCases[] = {
      {"sources: [{file: f, customer: {column: c}, events: [{type: t, time_column: c}]}]",
       "name: expected 1 to 64 of [a-z0-9_], beginning with a letter"},
      {"name: m", "sources: there is none"},
      {absl::StrCat("name: m\ntime_zone: Mars\nsources: [{file: f, ", kGood, "}]"),
       "time_zone: unknown time zone; expected one such as Europe/Berlin"},
      {absl::StrCat("name: m\ncurrency: euro\nsources: [{file: f, ", kGood, "}]"),
       "currency: expected an ISO 4217 code such as EUR"},
      {absl::StrCat("name: m\nsources: [{", kGood, "}]"), "sources[0]: \"file\" is missing"},
      {absl::StrCat("name: m\nsources: [{file: f, delimiter: ';;', ", kGood, "}]"),
       "sources[0].delimiter: expected one ASCII character other than a quote or a line break"},
      {absl::StrCat("name: m\nsources: [{file: f, joins: [{file: g, key: k}], ", kGood, "}]"),
       "sources[0].joins[0]: \"columns\" is missing"},
      {absl::StrCat("name: m\nsources: [{file: f, joins: [{file: g, key: k, columns: [k]}], ", kGood, "}]"),
       "sources[0].joins[0].key: expected a column of the source's own file, not a joined one"},
      {absl::StrCat("name: m\nsources: [{file: f, joins: [{file: g, key: k, columns: [a, a]}], ", kGood, "}]"),
       "sources[0].joins[0]: the column \"a\" is brought twice"},
      {absl::StrCat("name: m\nsources: [{file: f, where: [{column: x, equals: a, present: true}], ", kGood, "}]"),
       "sources[0].where[0]: exactly one of \"equals\", \"in\", \"not_in\", \"present\" and \"above\" must be given"},
      {"name: m\nsources: [{file: f, events: [{type: t, time_column: c}]}]",
       "sources[0].customer: \"column\" is missing"},
      {"name: m\nsources: [{file: f, customer: {column: c}}]",
       "sources[0]: a source without \"traits\", \"consents\" and \"events\" says nothing"},
      {"name: m\nsources: [{file: f, customer: {column: c}, traits: [{trait: Age}]}]",
       "sources[0].traits[0].trait: expected a name: 1 to 64 of [a-z0-9_], beginning with a letter"},
      {"name: m\nsources: [{file: f, customer: {column: c}, traits: [{trait: a}, {trait: a, column: b}]}]",
       "sources[0].traits[1].trait: this trait is given twice"},
      {"name: m\nsources: [{file: f, customer: {column: c}, consents: [{purpose: p}]}]",
       "sources[0].consents[0]: exactly one of \"always\" and \"column\" must be given"},
      {"name: m\nsources: [{file: f, customer: {column: c}, events: [{time_column: c}]}]",
       "sources[0].events[0]: exactly one of \"type\" and \"type_from\" must be given"},
      {"name: m\nsources: [{file: f, customer: {column: c}, events: [{type: t}]}]",
       "sources[0].events[0]: \"time_column\" is missing"},
      {"name: m\nsources: [{file: f, customer: {column: c}, events: [{type_from: {column: c, types: {x: 'A b'}}, "
       "time_column: c}]}]",
       "sources[0].events[0].type_from.types.x: expected a name: 1 to 64 of [a-z0-9_], beginning with a letter"},
      {"name: m\nsources: [{file: f, customer: {column: c}, events: [{type: t, time_column: c, time: {kind: DATE, "
       "pattern: '%Y'}}]}]",
       "sources[0].events[0].time.pattern: only one of \"kind\" and \"pattern\" may be given"},
      {"name: m\nsources: [{file: f, customer: {column: c}, events: [{type: t, time_column: c, value: {column: v}}]}]",
       "sources[0].events[0].value: the amount has no currency: give it here or for the whole mapping"},
      {absl::StrCat(kEvent, "merge: true}]}]"),
       "sources[0].events[0].merge: lines are merged by \"id\", which is missing"},
      {absl::StrCat(kEvent, "labels: [{values: {a: b}}]}]}]"), "sources[0].events[0].labels[0]: \"column\" is missing"},
      {absl::StrCat(kEvent, "labels: [", absl::StrJoin(std::vector<std::string>(9, "{column: l}"), ", "), "]}]}]"),
       "sources[0].events[0].labels: at most 8"},
      {absl::StrCat(kEvent, "touchpoint: web, touchpoint_from: {column: t}}]}]"),
       "sources[0].events[0].touchpoint: only one of \"touchpoint\" and \"touchpoint_from\" may be given"},
      {absl::StrCat(kEvent, "touchpoint_from: {values: {a: b}}}]}]"),
       "sources[0].events[0].touchpoint_from: \"column\" is missing"},
  };
  for (const auto& c : kCases) {
    std::vector<std::string> problems;
    for (const playbook::Problem& problem : CheckMapping(Mapping(c.yaml))) {
      problems.push_back(absl::StrCat(problem.field, ": ", problem.message));
    }
    EXPECT_THAT(problems, ElementsAre(c.problem)) << c.yaml;
  }
}

}  // namespace
}  // namespace waymark::cli
