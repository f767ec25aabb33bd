#include "service/cli/conversions.h"

#include <gtest/gtest.h>

#include <limits>

#include "absl/status/status.h"

namespace waymark::cli {
namespace {

namespace pb = playbook::v1;

TEST(ParseMicros, ReadsDecimalsExactly) {
  const struct {
    const char* text;
    bool decimal_comma;
    absl::optional<int64_t> micros;
  } kCases[] = {
      {"3.86", false, 3'860'000},
      {"0.1", false, 100'000},
      {".5", false, 500'000},
      {"5.", false, 5'000'000},
      {"-1", false, -1'000'000},
      {"+1", false, 1'000'000},
      {"1,234.50", false, 1'234'500'000},
      {"1234,50", true, 1'234'500'000},
      {"-1.234.567,8", true, -1'234'567'800'000},
      {"0.0000005", false, 1},
      {"-0.0000005", false, -1},
      {"0.00000049", false, 0},
      {"9223372036854.775807", false, std::numeric_limits<int64_t>::max()},
      {"9223372036854.775808", false, absl::nullopt},
      {"99999999999999999999", false, absl::nullopt},
      {"", false, absl::nullopt},
      {".", false, absl::nullopt},
      {"-", false, absl::nullopt},
      {"1e3", false, absl::nullopt},
      {"1 000", false, absl::nullopt},
      {"12,34.5", false, absl::nullopt},
      {",123", false, absl::nullopt},
      {"1.5", true, absl::nullopt},
      {"1.2.3", false, absl::nullopt},
      {"$1", false, absl::nullopt},
  };
  for (const auto& c : kCases) EXPECT_EQ(ParseMicros(c.text, c.decimal_comma), c.micros) << c.text;
}

TEST(MultiplyMicros, RoundsHalvesAwayFromZeroAndKeepsTheLimit) {
  EXPECT_EQ(MultiplyMicros(2'550'000, 6'000'000), 15'300'000);
  EXPECT_EQ(MultiplyMicros(1, 500'000), 1);
  EXPECT_EQ(MultiplyMicros(-1, 500'000), -1);
  EXPECT_EQ(MultiplyMicros(1, 499'999), 0);
  EXPECT_EQ(MultiplyMicros(1'000'000'000'000'000, 1'000'000), 1'000'000'000'000'000);
  EXPECT_EQ(MultiplyMicros(1'000'000'000'000'000, 1'000'001), absl::nullopt);
  EXPECT_EQ(MultiplyMicros(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::min()), absl::nullopt);
}

TEST(ParseNumber, ReadsFiniteNumbers) {
  EXPECT_EQ(ParseNumber("1e3", false), 1000.0);
  EXPECT_EQ(ParseNumber("-1,5", true), -1.5);
  EXPECT_EQ(ParseNumber("nan", false), absl::nullopt);
  EXPECT_EQ(ParseNumber("1e999", false), absl::nullopt);
  EXPECT_EQ(ParseNumber("0x10", false), absl::nullopt);
  EXPECT_EQ(ParseNumber("", false), absl::nullopt);
}

TEST(ParseTimeText, ReadsWhatTheMappingSays) {
  absl::TimeZone berlin;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  const struct {
    const char* text;
    TimeReading reading;
    const char* utc;  // null: not a time
  } kCases[] = {
      {"2017-01-28T19:06:53Z", {}, "2017-01-28T19:06:53+00:00"},
      {"2017-01-28", {}, "2017-01-28T00:00:00+00:00"},
      {"2017-01-28", {pb::TIME_KIND_RFC3339}, nullptr},
      {"2017-01-28T19:06:53Z", {pb::TIME_KIND_DATE}, nullptr},
      {"2017-07-28", {pb::TIME_KIND_DATE, "", berlin}, "2017-07-27T22:00:00+00:00"},
      {"28.01.2017 20:06", {pb::TIME_KIND_UNSPECIFIED, "%d.%m.%Y %H:%M", berlin}, "2017-01-28T19:06:00+00:00"},
      {"2017-01-28 20:06 and more", {pb::TIME_KIND_UNSPECIFIED, "%Y-%m-%d %H:%M", berlin}, nullptr},
      {"1485630413", {pb::TIME_KIND_EPOCH_SECONDS}, "2017-01-28T19:06:53+00:00"},
      {"1485630413.25", {pb::TIME_KIND_EPOCH_SECONDS}, "2017-01-28T19:06:53.25+00:00"},
      {"1485630413250", {pb::TIME_KIND_EPOCH_MILLIS}, "2017-01-28T19:06:53.25+00:00"},
      {"soon", {pb::TIME_KIND_EPOCH_MILLIS}, nullptr},
      {"-1", {pb::TIME_KIND_EPOCH_SECONDS}, nullptr},
      {"infinite-future", {}, nullptr},
      {"1969-12-31T23:59:59Z", {}, nullptr},
      {"", {}, nullptr},
  };
  for (const auto& c : kCases) {
    const absl::optional<absl::Time> time = ParseTimeText(c.text, c.reading);
    EXPECT_EQ(time.has_value(), c.utc != nullptr) << c.text;
    if (time.has_value() && c.utc != nullptr) {
      EXPECT_EQ(absl::FormatTime(absl::RFC3339_full, *time, absl::UTCTimeZone()), c.utc) << c.text;
    }
  }
}

// A value's text, or the error's.
std::string Read(absl::string_view text, pb::ValueType type) {
  ValueReading reading;
  reading.type = type;
  absl::StatusOr<v1::Value> value = ToValue(text, reading);
  return value.ok() ? value->ShortDebugString() : std::string(value.status().message());
}

TEST(ToValue, ConvertsByType) {
  EXPECT_EQ(Read("Yes", pb::VALUE_TYPE_BOOL), "bool_value: true");
  EXPECT_EQ(Read("0", pb::VALUE_TYPE_BOOL), "bool_value: false");
  EXPECT_EQ(Read("maybe", pb::VALUE_TYPE_BOOL), "expected true or false");
  EXPECT_EQ(Read("7", pb::VALUE_TYPE_INT), "int_value: 7");
  EXPECT_EQ(Read("7.0", pb::VALUE_TYPE_INT), "int_value: 7");
  EXPECT_EQ(Read("9223372036854775807", pb::VALUE_TYPE_INT), "int_value: 9223372036854775807");
  EXPECT_EQ(Read("7.5", pb::VALUE_TYPE_INT), "expected a whole number");
  EXPECT_EQ(Read("5+", pb::VALUE_TYPE_INT), "expected a whole number");
  EXPECT_EQ(Read("7.5", pb::VALUE_TYPE_DOUBLE), "double_value: 7.5");
  EXPECT_EQ(Read("x", pb::VALUE_TYPE_DOUBLE), "expected a number");
  EXPECT_EQ(Read("7", pb::VALUE_TYPE_STRING), "string_value: \"7\"");
  EXPECT_EQ(Read("1970-01-02", pb::VALUE_TYPE_TIMESTAMP), "timestamp_value { seconds: 86400 }");
  EXPECT_EQ(Read("then", pb::VALUE_TYPE_TIMESTAMP), "expected a time, as the mapping says it is written");
  EXPECT_EQ(Read("a; b;;c", pb::VALUE_TYPE_STRING_LIST),
            "string_list_value { values: \"a\" values: \"b\" values: \"c\" }");
}

}  // namespace
}  // namespace waymark::cli
