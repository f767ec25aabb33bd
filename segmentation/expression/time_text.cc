#include "segmentation/expression/time_text.h"

#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/time/civil_time.h"

namespace waymark::expression {
namespace {

// Reads a text of fixed form from the left; after the first thing that does not fit, nothing fits.
class FixedReader {
 public:
  explicit FixedReader(absl::string_view text) : text_(text) {}

  int Number(size_t digits) {
    int number = 0;
    for (size_t i = 0; i < digits; ++i) number = number * 10 + Digit();
    return number;
  }

  void Expect(char c) {
    if (!Accept(c)) failed_ = true;
  }

  bool Accept(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  // ".5" in nanoseconds; 0 where there is no dot.
  absl::Duration Fraction() {
    if (!Accept('.')) return absl::ZeroDuration();
    int64_t nanoseconds = 0;
    int64_t unit = 1000000000;
    do {
      unit /= 10;
      nanoseconds += unit * Digit();
    } while (!text_.empty() && absl::ascii_isdigit(text_[0]));
    return absl::Nanoseconds(nanoseconds);
  }

  bool failed() const { return failed_; }
  bool done() const { return text_.empty() && !failed_; }

 private:
  int Digit() {
    if (text_.empty() || !absl::ascii_isdigit(text_[0])) {
      failed_ = true;
      return 0;
    }
    const int digit = text_[0] - '0';
    text_.remove_prefix(1);
    return digit;
  }

  absl::string_view text_;
  bool failed_ = false;
};

// "HH:MM" from UTC.
absl::Duration Offset(FixedReader& reader, bool negative) {
  const int hours = reader.Number(2);
  reader.Expect(':');
  const int minutes = reader.Number(2);
  if (hours > 23 || minutes > 59) reader.Expect('\0');
  const absl::Duration offset = absl::Hours(hours) + absl::Minutes(minutes);
  return negative ? -offset : offset;
}

absl::Duration ZoneOffset(FixedReader& reader) {
  if (reader.Accept('Z')) return absl::ZeroDuration();
  const bool negative = reader.Accept('-');
  if (!negative) reader.Expect('+');
  return Offset(reader, negative);
}

}  // namespace

absl::optional<absl::Time> ParseTimestamp(absl::string_view text) {
  FixedReader reader(text);
  const int year = reader.Number(4);
  reader.Expect('-');
  const int month = reader.Number(2);
  reader.Expect('-');
  const int day = reader.Number(2);
  reader.Expect('T');
  const int hour = reader.Number(2);
  reader.Expect(':');
  const int minute = reader.Number(2);
  reader.Expect(':');
  const int second = reader.Number(2);
  const absl::Duration fraction = reader.Fraction();
  const absl::Duration offset = ZoneOffset(reader);
  if (!reader.done()) return absl::nullopt;
  const absl::CivilSecond civil(year, month, day, hour, minute, second);
  const bool exists = civil.month() == month && civil.day() == day && civil.hour() == hour &&
                      civil.minute() == minute && civil.second() == second;
  if (!exists) return absl::nullopt;  // normalized: there is no such time
  return absl::FromCivil(civil, absl::UTCTimeZone()) + fraction - offset;
}

absl::optional<absl::Duration> ParseDuration(absl::string_view text) {
  absl::Duration duration;
  if (absl::StrContains(text, "inf") || text != absl::StripAsciiWhitespace(text)) return absl::nullopt;
  if (!absl::ParseDuration(text, &duration)) return absl::nullopt;
  return duration;
}

absl::optional<absl::TimeZone> ParseTimeZone(absl::string_view text) {
  if (text.empty() || text == "UTC") return absl::UTCTimeZone();
  if (absl::ascii_isdigit(text[0]) || text[0] == '+' || text[0] == '-') {
    FixedReader reader(text);
    const bool negative = reader.Accept('-');
    if (!negative) reader.Accept('+');
    const absl::Duration offset = Offset(reader, negative);
    if (!reader.done()) return absl::nullopt;
    return absl::FixedTimeZone(static_cast<int>(absl::ToInt64Seconds(offset)));
  }
  // A name, and no path: "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5".
  for (char c : text) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("/_+-", absl::string_view(&c, 1))) return absl::nullopt;
  }
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(std::string(text), &zone)) return absl::nullopt;
  return zone;
}

}  // namespace waymark::expression
