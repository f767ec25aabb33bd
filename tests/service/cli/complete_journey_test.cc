#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/cli/importer.h"
#include "service/cli/mapping.h"
#include "service/cli/row_reader.h"
#include "service/playbook/yaml_reader.h"
#include "tests/service/cli/fake_target.h"

namespace waymark::cli {
namespace {

using ::testing::IsEmpty;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

playbook::v1::ImportMapping Mapping(absl::string_view example = "complete_journey") {
  playbook::v1::ImportMapping mapping;
  const std::string text = ReadAll(absl::StrCat(WAYMARK_SOURCE_DIR "/examples/", example, "/import.yaml"));
  for (const playbook::Problem& problem : playbook::ReadYaml(text, mapping).problems) {
    ADD_FAILURE() << problem.line << ":" << problem.column << ": " << problem.message;
  }
  return mapping;
}

TEST(Examples, MappingsAreSound) {
  for (const char* example : {"complete_journey", "online_retail", "shop"}) {
    EXPECT_THAT(CheckMapping(Mapping(example)), IsEmpty()) << example;
  }
}

TEST(CompleteJourney, EveryLineOfTheHouseholdsIsImportedOnce) {
  const char* given = std::getenv("WAYMARK_COMPLETE_JOURNEY");
  const std::string folder = given != nullptr ? given : WAYMARK_SOURCE_DIR "/../shared/data/complete_journey";
  if (!std::filesystem::exists(folder + "/demographics.csv.gz")) {
    GTEST_SKIP() << "the data of The Complete Journey is not in " << folder;
  }
  testing_support::FakeTarget fake;
  ImportOptions options;
  options.folder = folder;
  options.sender.tenant = "shop";
  const playbook::v1::ImportMapping mapping = Mapping();
  absl::StatusOr<ImportSummary> summary = RunImport(mapping, fake.target(), options);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->customers, 801);
  EXPECT_EQ(summary->recorded, 25'877 + 3'835 + 1'669);
  EXPECT_EQ(summary->duplicates, 0);
  EXPECT_EQ(summary->refused, 0);
  EXPECT_EQ(summary->skipped, (75'000 - 42'199) + (6'589 - 3'835) + (2'102 - 1'669));
  std::map<std::string, int> types;
  std::map<std::string, int64_t> spend_micros;
  std::map<std::string, int> labels;
  for (const auto& [customer, events] : fake.events()) {
    for (const v1::Event& event : events) {
      ++types[event.type()];
      for (const std::string& label : event.labels()) ++labels[label];
      spend_micros[customer] += event.money().micros();
    }
  }
  EXPECT_EQ(types, (std::map<std::string, int>{{"purchase", 25'877},
                                               {"campaign_a_received", 2'007},
                                               {"campaign_b_received", 1'466},
                                               {"campaign_c_received", 362},
                                               {"coupon_redeemed", 1'669}}));
  EXPECT_EQ(labels["GROCERY"], 18'042);
  EXPECT_EQ(labels["DRUG GM"], 4'138);
  // The same totals, added up from all lines of the file in whole cents.
  auto reader = OpenCsv(folder + "/transactions_sample.csv.gz", ',', {"household_id", "sales_value"});
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::map<std::string, int64_t> expected;
  const std::map<std::string, v1::Profile> profiles = fake.profiles();
  Row row;
  int lines = 0;
  while (*(*reader)->Next(row)) {
    if (profiles.count(row.cells[0]) > 0) {
      ++lines;
      expected[row.cells[0]] += std::llround(std::stod(row.cells[1]) * 100) * 10'000;
    }
  }
  EXPECT_EQ(lines, 42'199);
  EXPECT_EQ(spend_micros, expected);
  summary = RunImport(mapping, fake.target(), options);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->recorded, 0);
  EXPECT_EQ(summary->duplicates, 25'877 + 3'835 + 1'669);
}

}  // namespace
}  // namespace waymark::cli
