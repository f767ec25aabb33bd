#include <cstdlib>
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "segmentation/expression/format.h"
#include "segmentation/expression/time_text.h"
#include "segmentation/expression/utf8.h"

namespace waymark::expression {
namespace {

TEST(Utf8Test, Validity) {
  for (absl::string_view valid : {"", "abc", "ä", "€", "😀", "\x7f", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(IsValidUtf8(valid)) << valid;
  const absl::string_view kInvalid[] = {
      "\x80",  "\xc3",    "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x80\x80\x80",
      "a\xff", "\xe2\x82"};
  for (absl::string_view invalid : kInvalid) EXPECT_FALSE(IsValidUtf8(invalid));
}

TEST(Utf8Test, AppendedCodePointsAreValidAndCountOne) {
  for (uint32_t code_point :
       {0u, 0x41u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    std::string text;
    AppendUtf8(code_point, text);
    EXPECT_TRUE(IsValidUtf8(text)) << code_point;
    EXPECT_EQ(CountCodePoints(text), 1) << code_point;
    EXPECT_EQ(FirstCharacter(text), text.size()) << code_point;
  }
  EXPECT_FALSE(IsScalar(0xD800));
  EXPECT_FALSE(IsScalar(0x110000));
}

TEST(FormatTest, DoublesReadBack) {
  for (double number : {0.0, 0.1, 1.0, -2.5, 1e-5, 9.9e-6, 1e20, 1e21, 123456789.125, 1.7976931348623157e308, 5e-324}) {
    EXPECT_EQ(std::strtod(std::string(DoubleText(number).view()).c_str(), nullptr), number);
  }
  EXPECT_EQ(DoubleText(1e20).view(), "100000000000000000000");
  EXPECT_EQ(DoubleText(0.00001).view(), "0.00001");
  EXPECT_EQ(DoubleText(-1.7976931348623157e308).view(), "-1.7976931348623157e+308");
  EXPECT_EQ(DoubleText(-0.0).view(), "-0");
  EXPECT_EQ(DoubleText(std::numeric_limits<double>::quiet_NaN()).view(), "NaN");
}

TEST(FormatTest, TimesAndDurations) {
  EXPECT_EQ(TimestampText(absl::FromUnixSeconds(-62135596800)).view(), "0001-01-01T00:00:00Z");
  EXPECT_EQ(TimestampText(absl::FromUnixNanos(1000)).view(), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(DurationText(absl::ZeroDuration()).view(), "0s");
  EXPECT_EQ(DurationText(absl::Nanoseconds(-1)).view(), "-0.000000001s");
  EXPECT_EQ(DurationText(-absl::Seconds(315576000000)).view(), "-315576000000s");
}

TEST(TimeTextTest, TimestampsReadBack) {
  for (absl::string_view text : {"2024-02-29T12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"}) {
    EXPECT_EQ(TimestampText(*ParseTimestamp(text)).view(), text);
  }
  EXPECT_EQ(*ParseTimestamp("2024-01-01T00:30:00+01:00"), *ParseTimestamp("2023-12-31T23:30:00Z"));
  EXPECT_EQ(*ParseTimestamp("2024-01-01T00:00:00.1234567899Z"), *ParseTimestamp("2024-01-01T00:00:00.123456789Z"));
}

TEST(TimeTextTest, MalformedTimestamps) {
  const absl::string_view kMalformed[] = {
      "",
      "2024-02-29",
      "2024-02-30T00:00:00Z",
      "2023-02-29T00:00:00Z",
      "2024-13-01T00:00:00Z",
      "2024-01-01T24:00:00Z",
      "2024-01-01T23:60:00Z",
      "2024-01-01T23:59:60Z",
      "2024-01-01 00:00:00Z",
      "2024-01-01T00:00:00",
      "2024-01-01T00:00:00.Z",
      "2024-01-01T00:00:00+0100",
      "2024-01-01T00:00:00+24:00",
      "2024-01-01T00:00:00+01:60",
      "2024-1-01T00:00:00Z",
      "2024-01-01T00:00:00Zx",
      " 2024-01-01T00:00:00Z",
      "10000-01-01T00:00:00Z",
  };
  for (absl::string_view text : kMalformed) EXPECT_FALSE(ParseTimestamp(text).has_value()) << text;
}

TEST(TimeTextTest, Durations) {
  EXPECT_EQ(ParseDuration("1h30m"), absl::Minutes(90));
  EXPECT_EQ(ParseDuration("-1.5s"), absl::Milliseconds(-1500));
  EXPECT_EQ(ParseDuration("1ms2us3ns"), absl::Nanoseconds(1002003));
  EXPECT_EQ(ParseDuration("0"), absl::ZeroDuration());
  for (absl::string_view text : {"", "1", "s", "1d", "inf", "-inf", "1 s", " 1s", "1s "}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(TimeTextTest, TimeZones) {
  const absl::Time noon = absl::FromUnixSeconds(1709208000);
  const auto hour = [&](absl::string_view zone) { return ParseTimeZone(zone)->At(noon).cs.hour(); };
  EXPECT_EQ(hour("UTC"), 12);
  EXPECT_EQ(hour(""), 12);
  EXPECT_EQ(hour("Europe/Berlin"), 13);
  EXPECT_EQ(hour("US/Central"), 6);
  EXPECT_EQ(hour("+02:00"), 14);
  EXPECT_EQ(hour("-11:30"), 0);
  EXPECT_EQ(hour("02:00"), 14);
  for (absl::string_view zone :
       {"Europe/Nowhere", "+2", "+24:00", "02:00x", "../etc/passwd", "Europe/Berlin.", "+-1:00"}) {
    EXPECT_FALSE(ParseTimeZone(zone).has_value()) << zone;
  }
}

}  // namespace
}  // namespace waymark::expression
