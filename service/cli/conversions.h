#ifndef WAYMARK_SERVICE_CLI_CONVERSIONS_H_
#define WAYMARK_SERVICE_CLI_CONVERSIONS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "waymark/playbook/v1/import_mapping.pb.h"
#include "waymark/playbook/v1/playbook.pb.h"
#include "waymark/v1/common.pb.h"

// From a file's texts to values. Pure. Errors say what was expected, and never what was there.
namespace waymark::cli {

// A decimal number ("-1,234.50"; with `decimal_comma` "-1.234,50") in millionths, exact; what lies below a millionth is
// rounded, halves away from zero. Nothing where it is no number or does not fit (9·10^12 units).
absl::optional<int64_t> ParseMicros(absl::string_view text, bool decimal_comma);

// The contract's limit of an amount.
inline constexpr int64_t kMaxMicros = 1'000'000'000'000'000;

// a · b / 10^6, rounded likewise; nothing above kMaxMicros.
absl::optional<int64_t> MultiplyMicros(int64_t a, int64_t b);

// A finite number, also "1e3".
absl::optional<double> ParseNumber(absl::string_view text, bool decimal_comma);

// How times are written, ready to use.
struct TimeReading {
  playbook::v1::TimeKind kind = playbook::v1::TIME_KIND_UNSPECIFIED;
  std::string pattern;
  absl::TimeZone zone = absl::UTCTimeZone();
};

// Nothing where the text is not so written, or lies outside of the years 1970 to 9999.
absl::optional<absl::Time> ParseTimeText(absl::string_view text, const TimeReading& reading);

// What a text means as a value of a type.
struct ValueReading {
  playbook::v1::ValueType type = playbook::v1::VALUE_TYPE_STRING;
  bool decimal_comma = false;
  TimeReading time;
  std::string separator = ";";
};

// INVALID_ARGUMENT "expected a whole number".
absl::StatusOr<v1::Value> ToValue(absl::string_view text, const ValueReading& reading);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_CONVERSIONS_H_
