#include "service/cli/conversions.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

constexpr int64_t kMicros = 1'000'000;

// The text with '.' for decimals and nothing between groups of digits; nothing where a group does not have three
// digits.
absl::optional<std::string> Plain(absl::string_view text, bool decimal_comma) {
  const char point = decimal_comma ? ',' : '.';
  const char group = decimal_comma ? '.' : ',';
  const size_t end = std::min(text.find(point), text.size());
  std::string plain;
  for (size_t i = 0; i < end; ++i) {
    if (text[i] != group) {
      plain.push_back(text[i]);
      continue;
    }
    const bool digits_before = i > 0 && absl::ascii_isdigit(text[i - 1]);
    const size_t next = std::min(text.find(group, i + 1), end);
    if (!digits_before || next - i != 4) return absl::nullopt;
  }
  if (end < text.size()) absl::StrAppend(&plain, ".", text.substr(end + 1));
  return plain;
}

bool AllDigits(absl::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  return true;
}

absl::optional<absl::Time> ParseEpoch(absl::string_view text, bool millis) {
  const absl::optional<int64_t> millionths = ParseMicros(text, false);
  if (!millionths.has_value()) return absl::nullopt;
  // A millionth of a second is a microsecond, that of a millisecond a nanosecond.
  return absl::UnixEpoch() + (millis ? absl::Nanoseconds(*millionths) : absl::Microseconds(*millionths));
}

}  // namespace

absl::optional<int64_t> ParseMicros(absl::string_view text, bool decimal_comma) {
  const absl::optional<std::string> plain = Plain(text, decimal_comma);
  if (!plain.has_value()) return absl::nullopt;
  absl::string_view rest = *plain;
  const bool negative = absl::ConsumePrefix(&rest, "-");
  if (!negative) absl::ConsumePrefix(&rest, "+");
  const size_t point = std::min(rest.find('.'), rest.size());
  const absl::string_view whole = rest.substr(0, point);
  const absl::string_view decimals = point < rest.size() ? rest.substr(point + 1) : absl::string_view();
  if ((whole.empty() && decimals.empty()) || !AllDigits(whole) || !AllDigits(decimals)) return absl::nullopt;
  int64_t units = 0;
  if (!whole.empty() && !absl::SimpleAtoi(whole, &units)) return absl::nullopt;
  int64_t micros = 0;
  for (size_t i = 0; i < 6; ++i) micros = 10 * micros + (i < decimals.size() ? decimals[i] - '0' : 0);
  if (decimals.size() > 6 && decimals[6] >= '5') ++micros;
  const absl::int128 total = absl::int128(units) * kMicros + micros;
  if (total > std::numeric_limits<int64_t>::max()) return absl::nullopt;
  return negative ? -static_cast<int64_t>(total) : static_cast<int64_t>(total);
}

absl::optional<int64_t> MultiplyMicros(int64_t a, int64_t b) {
  const absl::int128 product = absl::int128(a) * b;
  const absl::int128 half = product < 0 ? -kMicros / 2 : kMicros / 2;
  const absl::int128 rounded = (product + half) / kMicros;
  if (rounded > kMaxMicros || rounded < -kMaxMicros) return absl::nullopt;
  return static_cast<int64_t>(rounded);
}

absl::optional<double> ParseNumber(absl::string_view text, bool decimal_comma) {
  const absl::optional<std::string> plain = Plain(text, decimal_comma);
  double value = 0;
  if (!plain.has_value() || plain->find_first_not_of("+-.0123456789eE") != std::string::npos) return absl::nullopt;
  if (!absl::SimpleAtod(*plain, &value) || !std::isfinite(value)) return absl::nullopt;
  return value;
}

absl::optional<absl::Time> ParseTimeText(absl::string_view text, const TimeReading& reading) {
  absl::Time time;
  const auto parses = [&](absl::string_view pattern) {
    return absl::ParseTime(pattern, text, reading.zone, &time, nullptr) && time != absl::InfiniteFuture() &&
           time != absl::InfinitePast();
  };
  bool read = false;
  if (!reading.pattern.empty()) {
    read = parses(reading.pattern);
  } else if (reading.kind == playbook::v1::TIME_KIND_EPOCH_SECONDS ||
             reading.kind == playbook::v1::TIME_KIND_EPOCH_MILLIS) {
    const bool millis = reading.kind == playbook::v1::TIME_KIND_EPOCH_MILLIS;
    const absl::optional<absl::Time> epoch = ParseEpoch(text, millis);
    read = epoch.has_value();
    time = epoch.value_or(absl::UnixEpoch());
  } else {
    const bool rfc = reading.kind != playbook::v1::TIME_KIND_DATE;
    const bool date = reading.kind != playbook::v1::TIME_KIND_RFC3339;
    read = (rfc && parses(absl::RFC3339_full)) || (date && parses("%Y-%m-%d"));
  }
  if (!read || time < absl::UnixEpoch() || time >= absl::FromCivil(absl::CivilYear(10000), absl::UTCTimeZone())) {
    return absl::nullopt;
  }
  return time;
}

absl::StatusOr<v1::Value> ToValue(absl::string_view text, const ValueReading& reading) {
  v1::Value value;
  switch (reading.type) {
    case playbook::v1::VALUE_TYPE_BOOL: {
      const std::string lower = absl::AsciiStrToLower(text);
      const bool yes = lower == "true" || lower == "yes" || lower == "1";
      if (!yes && lower != "false" && lower != "no" && lower != "0") {
        return absl::InvalidArgumentError("expected true or false");
      }
      value.set_bool_value(yes);
      return value;
    }
    case playbook::v1::VALUE_TYPE_INT: {
      // "7.0" is how many exports write a whole number.
      const absl::optional<int64_t> micros = ParseMicros(text, reading.decimal_comma);
      int64_t whole = 0;
      if (micros.has_value() && *micros % kMicros == 0) {
        value.set_int_value(*micros / kMicros);
      } else if (absl::SimpleAtoi(text, &whole)) {
        value.set_int_value(whole);
      } else {
        return absl::InvalidArgumentError("expected a whole number");
      }
      return value;
    }
    case playbook::v1::VALUE_TYPE_DOUBLE: {
      const absl::optional<double> number = ParseNumber(text, reading.decimal_comma);
      if (!number.has_value()) return absl::InvalidArgumentError("expected a number");
      value.set_double_value(*number);
      return value;
    }
    case playbook::v1::VALUE_TYPE_TIMESTAMP: {
      const absl::optional<absl::Time> time = ParseTimeText(text, reading.time);
      if (!time.has_value()) return absl::InvalidArgumentError("expected a time, as the mapping says it is written");
      *value.mutable_timestamp_value() = ToTimestamp(*time);
      return value;
    }
    case playbook::v1::VALUE_TYPE_STRING_LIST: {
      for (const absl::string_view part : absl::StrSplit(text, reading.separator)) {
        const absl::string_view stripped = absl::StripAsciiWhitespace(part);
        if (!stripped.empty()) value.mutable_string_list_value()->add_values(std::string(stripped));
      }
      return value;
    }
    default:
      value.set_string_value(std::string(text));
      return value;
  }
}

}  // namespace waymark::cli
