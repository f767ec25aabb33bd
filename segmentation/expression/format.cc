#include "segmentation/expression/format.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "absl/time/civil_time.h"

namespace waymark::expression {
namespace {

// ".25" for 250,000,000 nanoseconds; nothing for none.
void AppendFraction(uint64_t nanoseconds, ShortText& out) {
  if (nanoseconds == 0) return;
  int width = 9;
  while (nanoseconds % 10 == 0) {
    nanoseconds /= 10;
    --width;
  }
  out.Append('.');
  out.AppendNumber(nanoseconds, width);
}

}  // namespace

void ShortText::Append(absl::string_view more) {
  std::memcpy(text_.data() + size_, more.data(), more.size());
  size_ += more.size();
}

void ShortText::AppendNumber(uint64_t number, int width) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  for (auto have = end - digits.data(); have < width; ++have) Append('0');
  Append(absl::string_view(digits.data(), static_cast<size_t>(end - digits.data())));
}

ShortText IntText(int64_t value) {
  ShortText out;
  if (value < 0) out.Append('-');
  out.AppendNumber(value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value));
  return out;
}

ShortText UintText(uint64_t value) {
  ShortText out;
  out.AppendNumber(value);
  return out;
}

ShortText DoubleText(double value) {
  ShortText out;
  if (std::isnan(value)) {
    out.Append("NaN");
    return out;
  }
  if (std::isinf(value)) {
    out.Append(value < 0 ? "-Infinity" : "Infinity");
    return out;
  }
  const double size = std::fabs(value);
  const auto format =
      size == 0 || (size >= 1e-5 && size < 1e21) ? std::chars_format::fixed : std::chars_format::scientific;
  std::array<char, ShortText::kCapacity> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, format).ptr;
  out.Append(absl::string_view(digits.data(), static_cast<size_t>(end - digits.data())));
  return out;
}

ShortText TimestampText(absl::Time value) {
  const absl::TimeZone::CivilInfo utc = absl::UTCTimeZone().At(value);
  ShortText out;
  out.AppendNumber(static_cast<uint64_t>(utc.cs.year()), 4);
  out.Append('-');
  out.AppendNumber(static_cast<uint64_t>(utc.cs.month()), 2);
  out.Append('-');
  out.AppendNumber(static_cast<uint64_t>(utc.cs.day()), 2);
  out.Append('T');
  out.AppendNumber(static_cast<uint64_t>(utc.cs.hour()), 2);
  out.Append(':');
  out.AppendNumber(static_cast<uint64_t>(utc.cs.minute()), 2);
  out.Append(':');
  out.AppendNumber(static_cast<uint64_t>(utc.cs.second()), 2);
  AppendFraction(static_cast<uint64_t>(absl::ToInt64Nanoseconds(utc.subsecond)), out);
  out.Append('Z');
  return out;
}

ShortText DurationText(absl::Duration value) {
  ShortText out;
  if (value < absl::ZeroDuration()) out.Append('-');
  absl::Duration fraction;
  const int64_t seconds = absl::IDivDuration(absl::AbsDuration(value), absl::Seconds(1), &fraction);
  out.AppendNumber(static_cast<uint64_t>(seconds));
  AppendFraction(static_cast<uint64_t>(absl::ToInt64Nanoseconds(fraction)), out);
  out.Append('s');
  return out;
}

}  // namespace waymark::expression
