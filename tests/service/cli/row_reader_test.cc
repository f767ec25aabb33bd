#include "service/cli/row_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/temp_directory.h"

namespace waymark::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::TempDirectory;

// Each row as "line: cells" or "line! refusal".
std::vector<std::string> Rows(absl::StatusOr<std::unique_ptr<RowReader>> reader) {
  if (!reader.ok()) return {std::string(reader.status().message())};
  std::vector<std::string> rows;
  Row row;
  while (true) {
    absl::StatusOr<bool> any = (*reader)->Next(row);
    if (!any.ok()) rows.push_back(any.status().ToString());
    if (!any.ok() || !*any) return rows;
    rows.push_back(row.refusal.empty() ? absl::StrCat(row.line, ": ", absl::StrJoin(row.cells, "|"))
                                       : absl::StrCat(row.line, "! ", row.refusal));
  }
}

std::vector<std::string> Csv(absl::string_view text, char delimiter = ',') {
  const TempDirectory folder;
  return Rows(OpenCsv(folder.Write("a.csv", text), delimiter, {"b", "a"}));
}

TEST(CsvReader, GivesTheWantedColumnsWithTheirLines) {
  EXPECT_THAT(Csv("a,b,c\n1,2,3\n4,,6\n"), ElementsAre("2: 2|1", "3: |4"));
  EXPECT_THAT(Csv("\xEF\xBB\xBF"
                  "a,b\r\n1,2\r\n3,4"),
              ElementsAre("2: 2|1", "3: 4|3"));
  EXPECT_THAT(Csv("a;b\n1,5;2\n", ';'), ElementsAre("2: 2|1,5"));
  EXPECT_THAT(Csv("a\tb\n 1 \t\n", '\t'), ElementsAre("2: |1"));
  EXPECT_THAT(Csv("a,b\n"), ElementsAre());
}

TEST(CsvReader, KeepsPhysicalLineNumbersOverBreaksAndEmptyLines) {
  EXPECT_THAT(Csv("a,b\n\n\"x\ny, \"\"z\"\"\",1\n\r\n2,3\n"), ElementsAre("3: 1|x\ny, \"z\"", "6: 3|2"));
}

TEST(CsvReader, RefusesBrokenLinesAndGoesOn) {
  EXPECT_THAT(Csv("a,b\n1,2,3\n1\n4,5\n"), ElementsAre("2! has 3 fields where the header has 2",
                                                       "3! has 1 fields where the header has 2", "4: 5|4"));
  EXPECT_THAT(Csv("a,b\n1,x\"y\n2,3\n"), ElementsAre("2! a quote stands where none may be", "3: 3|2"));
  EXPECT_THAT(Csv("a,b\n1,\"x\"y\n2,3\n"), ElementsAre("2! a quote stands where none may be", "3: 3|2"));
  EXPECT_THAT(Csv("a,b\n1,\"never\n2,3\n4,5\n"),
              ElementsAre("2! a quoted field begins here and never ends", "3: 3|2", "4: 5|4"));
}

TEST(CsvReader, AQuoteThatNeverEndsCostsOneLineOfALongFile) {
  std::string text = "a,b\n1,\"never\n";
  for (int i = 0; i < 40'000; ++i) absl::StrAppend(&text, "1234567,2\n");
  const std::vector<std::string> rows = Csv(text);
  ASSERT_EQ(rows.size(), 40'001u);
  EXPECT_EQ(rows[0], "2! a quoted field begins here and does not end within 256 KiB");
  EXPECT_EQ(rows[1], "3: 2|1234567");
  EXPECT_EQ(rows.back(), "40002: 2|1234567");
}

TEST(CsvReader, TellsWhatIsWrongWithAFile) {
  EXPECT_THAT(Csv(""), ElementsAre(HasSubstr("there is no header line")));
  EXPECT_THAT(Csv("a,c\n1,2\n"), ElementsAre(HasSubstr("there is no column \"b\"")));
  EXPECT_THAT(Csv("a,b,a\n1,2,3\n"), ElementsAre(HasSubstr("the column \"a\" is there twice")));
  EXPECT_TRUE(absl::IsNotFound(OpenCsv("/nowhere/a.csv", ',', {"a"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenCsv("/tmp", ',', {"a"}).status()));
}

TEST(CsvReader, ReadsGzipByItsContentAndTellsHowFar) {
  const TempDirectory folder;
  auto reader = OpenCsv(folder.WriteGzip("a.csv", "a,b\n1,2\n"), ',', {"a"});
  ASSERT_TRUE(reader.ok()) << reader.status();
  Row row;
  ASSERT_TRUE(*(*reader)->Next(row));
  EXPECT_THAT(row.cells, ElementsAre("1"));
  EXPECT_FALSE(*(*reader)->Next(row));
  EXPECT_EQ((*reader)->fraction(), 1.0);
}

TEST(CsvReader, TellsOfADamagedGzip) {
  const TempDirectory folder;
  std::string text = "a,b\n";
  for (int i = 0; i < 200'000; ++i) absl::StrAppend(&text, i * 7919 % 10'007, ",", i, "\n");
  const std::string path = folder.WriteGzip("a.csv.gz", text);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(Rows(OpenCsv(path, ',', {"a"})).back(), HasSubstr("DATA_LOSS"));
}

TEST(CsvReader, RefusesALineWithoutEnd) {
  const TempDirectory folder;
  EXPECT_THAT(Rows(OpenCsv(folder.Write("a.csv", "a,b\n" + std::string(3 << 20, 'x')), ',', {"a"})).back(),
              HasSubstr("a.csv:2: a line longer than 1 MiB"));
}

TEST(JsonLinesReader, GivesMembersByTheirPaths) {
  const TempDirectory folder;
  const std::string path =
      folder.Write("a.jsonl", R"({"id": "x", "n": 7, "value": {"offer id": "o1", "amount": 1.5}})"
                              "\n\n"
                              R"({"id": null, "n": true, "list": ["a", 2], "value.amount": "dotted"})"
                              "\n");
  EXPECT_THAT(Rows(OpenJsonLines(path, {"id", "n", "value.offer id", "value.amount", "list", "value"})),
              ElementsAre("1: x|7|o1|1.5||", "3: |true||dotted|a;2|"));
}

TEST(JsonLinesReader, RefusesWhatIsNoObjectAndGoesOn) {
  const TempDirectory folder;
  const std::string path = folder.Write("a.jsonl", "{\"a\": 1\n[1]\n" + std::string(10'000, '[') + "\n{\"a\": 2}");
  EXPECT_THAT(Rows(OpenJsonLines(path, {"a"})),
              ElementsAre("1! this is not JSON", "2! this is not a JSON object", "3! this is not JSON", "4: 2"));
}

}  // namespace
}  // namespace waymark::cli
