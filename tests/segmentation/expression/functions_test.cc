#include "segmentation/expression/functions.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/segmentation/expression/fake_facts.h"

namespace waymark::expression {
namespace {

TEST(FunctionsTest, LinesOfOneNameStandTogether) {
  std::set<std::pair<std::string, bool>> seen;
  for (const Function& function : Functions()) {
    EXPECT_TRUE(seen.emplace(std::string(function.name), function.receiver).second) << function.name;
  }
}

TEST(FunctionsTest, EachLineCanRun) {
  for (const Function& function : Functions()) {
    for (const Overload& overload : function.overloads) {
      EXPECT_NE(overload.run == nullptr, overload.relation == Relation::kNone) << function.name;
      EXPECT_GE(overload.arity, 1) << function.name;
      EXPECT_EQ(overload.relation, function.overloads[0].relation) << function.name;
    }
  }
}

TEST(FunctionsTest, DisplayNames) {
  const auto display = [](absl::string_view name, bool receiver) {
    return Functions()[FindFunction(name, receiver)].display;
  };
  EXPECT_EQ(display("_+_", false), "`+`");
  EXPECT_EQ(display("!_", false), "`!`");
  EXPECT_EQ(display("-_", false), "`-`");
  EXPECT_EQ(display("_<=_", false), "`<=`");
  EXPECT_EQ(display("@in", false), "`in`");
  EXPECT_EQ(display("_[_]", false), "[]");
  EXPECT_EQ(display("size", true), "size()");
  EXPECT_EQ(FindFunction("nope", false), -1);
  EXPECT_EQ(FindFunction("contains", false), -1);
}

struct Case {
  absl::string_view rule;
  absl::string_view value;
};

// Through dyn(), so that the overload is chosen by the value, and by the static type too.
class ConversionTest : public testing::TestWithParam<Case> {};

TEST_P(ConversionTest, Value) {
  FakeFacts facts;
  EXPECT_EQ(Evaluated(GetParam().rule, facts, {.check_types = false}), GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(Numbers, ConversionTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"int(42u)", "42"},
                             {"int(9223372036854775808u)", "error: the number is too large for an int"},
                             {"int(-7.9)", "-7"},
                             {"int(9223372036854775807.0)", "error: the number is too large for an int"},
                             {"int(0.0 / 0.0)", "error: the number is too large for an int"},
                             {"int('-12')", "-12"},
                             {"int('+12')", "12"},
                             {"int('+-12')", "error: the text is not a whole number"},
                             {"int('12 ')", "error: the text is not a whole number"},
                             {"int('')", "error: the text is not a whole number"},
                             {"int('99999999999999999999')", "error: the number is too large for an int"},
                             {"int(timestamp('1970-01-01T00:00:01.9Z'))", "1"},
                             {"int(timestamp('1969-12-31T23:59:59.5Z'))", "-1"},
                             {"int(true)", "error: int() does not work on bool"},
                             {"uint(3)", "3u"},
                             {"uint(-1)", "error: a negative number is not a uint"},
                             {"uint(2.9)", "2u"},
                             {"uint(-0.5)", "error: the number is not in the range of a uint"},
                             {"uint(18446744073709551616.0)", "error: the number is not in the range of a uint"},
                             {"uint('7')", "7u"},
                             {"uint('-7')", "error: the text is not a whole number from 0"},
                             {"double('1.5e3')", "1500.0"},
                             {"double('NaN') == double('NaN')", "false"},
                             {"double('-inf') < 0.0", "true"},
                             {"double('1e999')", "error: the number is too large for a double"},
                             {"double(' 1')", "error: the text is not a number"},
                             {"double(dyn(3u))", "3.0"},
                         }));

INSTANTIATE_TEST_SUITE_P(Texts, ConversionTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"string(true)", "'true'"},
                             {"string(-5)", "'-5'"},
                             {"string(-9223372036854775808)", "'-9223372036854775808'"},
                             {"string(18446744073709551615u)", "'18446744073709551615'"},
                             {"string(2.0)", "'2'"},
                             {"string(0.1)", "'0.1'"},
                             {"string(1e21)", "'1e+21'"},
                             {"string(1.0 / 0.0)", "'Infinity'"},
                             {"string(b'\\xc3\\xa4')", "'ä'"},
                             {"string(b'\\xff')", "error: the bytes are not valid UTF-8"},
                             {"bytes('ä')", "b'\\xc3\\xa4'"},
                             {"string(duration('-90m'))", "'-5400s'"},
                             {"string(duration('1.25s'))", "'1.25s'"},
                             {"string(timestamp('2024-02-29T12:00:00.120+01:00'))", "'2024-02-29T11:00:00.12Z'"},
                             {"string(timestamp(0))", "'1970-01-01T00:00:00Z'"},
                             {"bool('T')", "true"},
                             {"bool('False')", "false"},
                             {"bool('yes')", "error: the text is neither true nor false"},
                             {"string([1])", "error: string() does not work on list"},
                             {"size('süß😀')", "4"},
                             {"size(b'\\xff\\xff')", "2"},
                             {"size({'a': 1})", "1"},
                             {"type(type(1)) == type", "true"},
                             {"type(timestamp(0)) == google.protobuf.Timestamp", "true"},
                             {"type(null) == null_type && type([]) == list && type({}) == map", "true"},
                         }));

INSTANTIATE_TEST_SUITE_P(
    Times, ConversionTest,
    testing::ValuesIn(std::vector<Case>{
        {"timestamp('2024-02-29T00:00:00Z').getDate()", "29"},
        {"timestamp('2024-02-29T00:00:00Z').getDayOfMonth()", "28"},
        {"timestamp('2024-03-03T00:00:00Z').getDayOfWeek()", "0"},
        {"timestamp('2024-02-29T23:30:00Z').getMonth('Europe/Berlin')", "2"},
        {"timestamp('2024-02-29T23:30:00Z').getDayOfYear('+01:00')", "60"},
        {"timestamp('2024-02-29T23:30:07.009Z').getSeconds()", "7"},
        {"timestamp('2024-02-29T23:30:07.009Z').getMilliseconds('UTC')", "9"},
        {"timestamp('2024-02-29T23:30:07.009Z').getFullYear(dyn('UTC'))", "2024"},
        {"duration('-90m').getHours()", "-1"},
        {"duration('90s').getMinutes()", "1"},
        {"duration('1h').getSeconds()", "3600"},
        {"duration('1.5s').getMilliseconds()", "500"},
        {"days(2) == hours(48)", "true"},
        {"days(-1) < duration('0s')", "true"},
        {"days(9223372036854775807)", "error: the duration is longer than 10,000 years"},
        {"timestamp('9999-12-31T23:59:59Z') + duration('1s')", "error: the time is outside the years 1 to 9999"},
        {"timestamp(253402300800)", "error: the time is outside the years 1 to 9999"},
        {"timestamp('2300-01-01T00:00:00Z') - timestamp('2000-01-01T00:00:00Z')",
         "error: the times are more than 292 years apart"},
        {"timestamp('2200-01-01T00:00:00Z') - timestamp('2000-01-01T00:00:00Z') > days(73000)", "true"},
        {"duration('1h') - duration('90m')", "duration('-1800s')"},
        {"duration('315576000000s') + duration('1ns')", "error: the duration is longer than 10,000 years"},
    }));

}  // namespace
}  // namespace waymark::expression
