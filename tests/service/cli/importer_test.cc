#include "service/cli/importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "service/cli/mapping.h"
#include "service/playbook/yaml_reader.h"
#include "tests/service/cli/fake_target.h"
#include "tests/support/temp_directory.h"

namespace waymark::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using testing_support::FakeTarget;
using testing_support::TempDirectory;

constexpr absl::string_view kMapping = R"(
name: shop
currency: EUR
sources:
  - file: customers.csv
    customer: {column: id}
    traits: [{trait: age, type: INT}]
  - file: orders.csv.gz
    customer: {column: customer}
    only_known_customers: true
    events: [{type: purchase, id: [order], time_column: at, value: {column: price}}]
  - file: mailings.csv
    joins: [{file: campaigns.csv, key: campaign, columns: [start]}]
    customer: {column: customer}
    only_known_customers: true
    events: [{type: mailed, id: [campaign], time_column: start, time: {kind: DATE}}]
)";

struct ImportTest : testing::Test {
  ImportTest() {
    folder.Write("customers.csv", "id,age\na,30\nb,old\nc,\nd,40\n");
    folder.WriteGzip("orders.csv.gz",
                     "order,customer,at,price\n"
                     "1,a,2020-01-01T10:00:00Z,1.50\n"
                     "2,stranger,2020-01-01T10:00:00Z,9\n"
                     "3,c,2020-01-02T10:00:00Z,2\n"
                     "4,a,2020-01-03T10:00:00Z,cheap\n"
                     "5,a\n"
                     "6,a,2020-01-04T10:00:00Z,4\n");
    folder.Write("mailings.csv", "campaign,customer\n7,d\n8,d\n7,b\n");
    folder.Write("campaigns.csv", "campaign,start\n7,2020-02-01\n");
    options.folder = folder.path();
    options.sender.tenant = "shop";
    options.sender.workers = 2;
    options.refused = [this](absl::string_view file, int line, absl::string_view reason) {
      refused.push_back(absl::StrCat(file, ":", line, ": ", reason));
    };
    options.progress = [this](const ProgressState& state) {
      EXPECT_GE(state.done, last.done);
      EXPECT_LE(state.fraction, 1.0);
      last = state;
    };
  }

  absl::StatusOr<ImportSummary> Run(absl::string_view yaml) {
    playbook::v1::ImportMapping mapping;
    EXPECT_THAT(playbook::ReadYaml(yaml, mapping).problems, IsEmpty());
    EXPECT_THAT(CheckMapping(mapping), IsEmpty());
    last = {};
    return RunImport(mapping, fake.target(), options);
  }

  TempDirectory folder;
  FakeTarget fake;
  ImportOptions options;
  std::vector<std::string> refused;
  ProgressState last;
};

TEST_F(ImportTest, RecordsWhatTheFilesSayAndNamesWhatItRefuses) {
  absl::StatusOr<ImportSummary> summary = Run(kMapping);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->customers, 3);
  EXPECT_EQ(summary->lines, 13);
  EXPECT_EQ(summary->recorded, 4);
  EXPECT_EQ(summary->duplicates, 0);
  EXPECT_EQ(summary->skipped, 2);  // the stranger's order; a mailing to b, whose own line was refused
  EXPECT_EQ(summary->refused, 4);
  EXPECT_THAT(refused, UnorderedElementsAre("customers.csv:3: column \"age\": expected a whole number",
                                            "orders.csv.gz:5: column \"price\": expected an amount",
                                            "orders.csv.gz:6: has 2 fields where the header has 4",
                                            "mailings.csv:3: column \"start\": missing, and the time of the event"));
  EXPECT_EQ(fake.profiles().at("a").traits().at("age").int_value(), 30);
  EXPECT_EQ(fake.profiles().count("c"), 1u);  // without a trait, and a customer all the same
  const std::vector<v1::Event> events = fake.events().at("a");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].id(), "purchase/1");
  EXPECT_EQ(events[0].money().micros(), 1'500'000);
  EXPECT_EQ(events[1].id(), "purchase/6");
  EXPECT_EQ(fake.events().at("d")[0].time().seconds(), 1'580'515'200);
  EXPECT_EQ(last.done, 13);
}

TEST_F(ImportTest, ASecondRunChangesNothing) {
  ASSERT_TRUE(Run(kMapping).ok());
  absl::StatusOr<ImportSummary> summary = Run(kMapping);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->recorded, 0);
  EXPECT_EQ(summary->duplicates, 4);
  EXPECT_EQ(fake.events().at("a").size(), 2u);
}

constexpr absl::string_view kInvoices = R"(
name: m
currency: EUR
sources:
  - file: lines.csv
    customer: {column: who}
    traits: [{trait: country}]
    events:
      - type: purchase
        id: [invoice]
        time_column: at
        value: {column: price, times: quantity}
        labels: [{column: category}]
        touchpoint: web/shop
        merge: true
)";

TEST_F(ImportTest, MergesTheLinesOfAnInvoice) {
  folder.Write("lines.csv",
               "invoice,who,country,at,price,quantity,category\n"
               "1,a,AT,1970-01-03,1.10,2,shoes\n"
               "2,a,AT,1970-01-02,5,1,\n"
               "1,b,DE,1970-01-04,7,1,books\n"
               "1,a,AT,1970-01-02,0.05,3,books\n"
               "1,a,AT,1970-01-05,broken,3,books\n"
               "1,a,AT,1970-01-05,,3,shoes\n"
               "2,a,DE,1970-01-02,1,1,\n");
  absl::StatusOr<ImportSummary> summary = Run(kInvoices);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->lines, 7);
  EXPECT_EQ(summary->customers, 2);
  EXPECT_EQ(summary->recorded, 3);
  EXPECT_EQ(summary->refused, 1);
  EXPECT_THAT(refused, UnorderedElementsAre("lines.csv:6: column \"price\": expected an amount"));
  const std::vector<v1::Event> events = fake.events().at("a");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].ShortDebugString(),
            "id: \"purchase/1\" type: \"purchase\" time { seconds: 86400 } money { micros: 2350000 currency: \"EUR\" } "
            "labels: \"shoes\" labels: \"books\" touchpoint: \"web/shop\"");
  EXPECT_EQ(events[1].money().micros(), 6'000'000);
  EXPECT_EQ(fake.events().at("b")[0].money().micros(), 7'000'000);
  EXPECT_EQ(fake.profiles().at("a").traits().at("country").string_value(), "DE") << "the last line counts";
  EXPECT_EQ(Run(kInvoices)->duplicates, 3);
}

TEST_F(ImportTest, KeepsTheFirstEightLabelsOfAnInvoice) {
  std::string lines = "invoice,who,country,at,price,quantity,category\n";
  for (int i = 0; i < 12; ++i) absl::StrAppend(&lines, "1,a,AT,1970-01-02,1,1,c", i % 11, "\n");
  folder.Write("lines.csv", lines);
  ASSERT_TRUE(Run(kInvoices).ok());
  const v1::Event event = fake.events().at("a")[0];
  EXPECT_EQ(event.labels_size(), 8);
  EXPECT_EQ(event.labels(7), "c7");
  EXPECT_EQ(event.money().micros(), 12'000'000);
}

TEST_F(ImportTest, RefusesALineThatMakesASumTooLarge) {
  folder.Write("lines.csv",
               "invoice,who,country,at,price,quantity,category\n"
               "1,a,AT,1970-01-02,900000000,1,\n"
               "1,a,AT,1970-01-02,200000000,1,\n"
               "1,a,AT,1970-01-02,100000000,1,\n");
  ASSERT_TRUE(Run(kInvoices).ok());
  EXPECT_EQ(fake.events().at("a")[0].money().micros(), kMaxMicros);
  EXPECT_THAT(refused, UnorderedElementsAre("lines.csv:3: the sum of the event's lines is too large"));
}

TEST_F(ImportTest, SendsWhatALineSaysOfItsCustomerOnlyWhenItIsNew) {
  folder.Write("lines.csv",
               "invoice,who,country,at,price,quantity,category\n"
               "1,a,AT,1970-01-02,1,1,\n"
               "1,a,AT,1970-01-02,1,1,\n"
               "1,a,DE,1970-01-02,1,1,\n"
               "1,a,AT,1970-01-02,1,1,\n"
               "1,a,AT,1970-01-02,1,1,\n");
  ASSERT_TRUE(Run(kInvoices).ok());
  EXPECT_EQ(fake.updates(), 3);
  EXPECT_EQ(fake.profiles().at("a").traits().at("country").string_value(), "AT");
}

TEST_F(ImportTest, StopsAtAFileThatItCannotUse) {
  const auto replaced = [](absl::string_view what, absl::string_view by) {
    std::string yaml(kMapping);
    yaml.replace(yaml.find(std::string(what)), what.size(), std::string(by));
    return yaml;
  };
  EXPECT_THAT(std::string(Run(replaced("customers.csv", "clients.csv")).status().message()), HasSubstr("clients.csv"));
  EXPECT_THAT(std::string(Run(replaced("id: [order]", "id: [number]")).status().message()),
              HasSubstr("orders.csv.gz: there is no column \"number\""));
  folder.Write("campaigns.csv", "campaign,start\n7,2020-02-01\n7,2020-03-01\n");
  EXPECT_THAT(std::string(Run(kMapping).status().message()), HasSubstr("campaigns.csv:3: its key came before"));
}

TEST_F(ImportTest, StopsWhereTheServiceRefusesEveryCall) {
  fake.FailAlways(absl::FailedPreconditionError("no playbook"));
  EXPECT_TRUE(absl::IsFailedPrecondition(Run(kMapping).status()));
}

TEST_F(ImportTest, ReadsJsonLines) {
  folder.Write("events.jsonl", "{\"who\": \"a\", \"at\": 86400, \"value\": {\"score\": 7}}\nbroken\n");
  absl::StatusOr<ImportSummary> summary = Run(R"(
name: m
sources:
  - file: events.jsonl
    format: JSON_LINES
    customer: {column: who}
    events:
      - {type: rated, time_column: at, time: {kind: EPOCH_SECONDS}, value: {column: value.score, kind: NUMBER}}
)");
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->customers, 0);
  EXPECT_EQ(fake.events().at("a")[0].ShortDebugString(),
            "id: \"rated/events.jsonl:1\" type: \"rated\" time { seconds: 86400 } number: 7");
  EXPECT_THAT(refused, UnorderedElementsAre("events.jsonl:2: this is not JSON"));
}

}  // namespace
}  // namespace waymark::cli
