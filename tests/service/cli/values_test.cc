#include "service/cli/values.h"

#include <gtest/gtest.h>

namespace waymark::cli {
namespace {

std::string Parsed(absl::string_view text) {
  absl::StatusOr<std::pair<std::string, v1::Value>> value = ParseAssignment(text);
  if (!value.ok()) return std::string(value.status().message());
  return value->first + " " + value->second.ShortDebugString();
}

TEST(ParseAssignment, GuessesTheTypeOrTakesTheOneGiven) {
  EXPECT_EQ(Parsed("a=true"), "a bool_value: true");
  EXPECT_EQ(Parsed("a=7"), "a int_value: 7");
  EXPECT_EQ(Parsed("a=-7.5"), "a double_value: -7.5");
  EXPECT_EQ(Parsed("a=1970-01-02T00:00:00Z"), "a timestamp_value { seconds: 86400 }");
  EXPECT_EQ(Parsed("a=b=c"), "a string_value: \"b=c\"");
  EXPECT_EQ(Parsed("a="), "a string_value: \"\"");
  EXPECT_EQ(Parsed("a:string=7"), "a string_value: \"7\"");
  EXPECT_EQ(Parsed("a:double=7"), "a double_value: 7");
  EXPECT_EQ(Parsed("a:list=x,y"), "a string_list_value { values: \"x\" values: \"y\" }");
  EXPECT_EQ(Parsed("a:timestamp=1970-01-02"), "a timestamp_value { seconds: 86400 }");
}

TEST(ParseAssignment, RefusesWhatItCannotRead) {
  EXPECT_EQ(Parsed("a"), "expected name=value");
  EXPECT_EQ(Parsed("=a"), "expected name=value");
  EXPECT_EQ(Parsed("a:int=x"), "a: expected a whole number");
  EXPECT_EQ(Parsed("a:date=x"), "unknown type; one of bool, int, double, string, timestamp, list");
}

TEST(ValueText, SaysWhatParseAssignmentReads) {
  for (const absl::string_view text : {"true", "7", "-7.5", "word", "1970-01-02T00:00:00+00:00"}) {
    EXPECT_EQ(ValueText(ParseAssignment("a=" + std::string(text))->second), text);
  }
  EXPECT_EQ(ValueText(ParseAssignment("a:list=x,y")->second), "x, y");
  EXPECT_EQ(ValueText({}), "");
}

}  // namespace
}  // namespace waymark::cli
