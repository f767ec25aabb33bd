#include "segmentation/expression/conversions.h"

#include <charconv>
#include <cmath>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "segmentation/expression/format.h"
#include "segmentation/expression/time_text.h"
#include "segmentation/expression/utf8.h"

namespace waymark::expression {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

Value TooLarge(absl::string_view message) { return Value::Error(ErrorCode::kOverflow, message); }
Value Malformed(absl::string_view message) { return Value::Error(ErrorCode::kBadArgument, message); }

// The whole text as a number of this type.
template <typename Number>
std::errc Read(absl::string_view text, Number& number) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec == std::errc() && result.ptr != text.data() + text.size()) return std::errc::invalid_argument;
  return result.ec;
}

Value Times(int64_t count, absl::Duration unit) {
  const absl::Duration product = unit * count;
  return Value::Duration(product);
}

}  // namespace

Value Same(const CallContext&, const Value* arguments) { return arguments[0]; }

Value TypeOf(const CallContext&, const Value* arguments) { return Value::Type(arguments[0].kind()); }

Value UintToInt(const CallContext&, const Value* arguments) {
  if (arguments[0].uint_value() > INT64_MAX) return TooLarge("the number is too large for an int");
  return Value::Int(static_cast<int64_t>(arguments[0].uint_value()));
}

Value DoubleToInt(const CallContext&, const Value* arguments) {
  const double number = arguments[0].double_value();
  if (!(number > -kTwoTo63 && number < kTwoTo63)) return TooLarge("the number is too large for an int");
  return Value::Int(static_cast<int64_t>(number));
}

Value StringToInt(const CallContext&, const Value* arguments) {
  absl::string_view text = arguments[0].string_value();
  if (absl::StartsWith(text, "+") && !absl::StartsWith(text, "+-")) text.remove_prefix(1);
  int64_t number = 0;
  const std::errc error = Read(text, number);
  if (error == std::errc::result_out_of_range) return TooLarge("the number is too large for an int");
  return error == std::errc() ? Value::Int(number) : Malformed("the text is not a whole number");
}

Value TimestampToInt(const CallContext&, const Value* arguments) {
  return Value::Int(absl::ToUnixSeconds(arguments[0].timestamp_value()));
}

Value IntToUint(const CallContext&, const Value* arguments) {
  if (arguments[0].int_value() < 0) return TooLarge("a negative number is not a uint");
  return Value::Uint(static_cast<uint64_t>(arguments[0].int_value()));
}

Value DoubleToUint(const CallContext&, const Value* arguments) {
  const double number = arguments[0].double_value();
  if (!(number >= 0 && number < kTwoTo64)) return TooLarge("the number is not in the range of a uint");
  return Value::Uint(static_cast<uint64_t>(number));
}

Value StringToUint(const CallContext&, const Value* arguments) {
  uint64_t number = 0;
  const std::errc error = Read(arguments[0].string_value(), number);
  if (error == std::errc::result_out_of_range) return TooLarge("the number is too large for a uint");
  return error == std::errc() ? Value::Uint(number) : Malformed("the text is not a whole number from 0");
}

Value IntToDouble(const CallContext&, const Value* arguments) {
  return Value::Double(static_cast<double>(arguments[0].int_value()));
}

Value UintToDouble(const CallContext&, const Value* arguments) {
  return Value::Double(static_cast<double>(arguments[0].uint_value()));
}

Value StringToDouble(const CallContext&, const Value* arguments) {
  const absl::string_view text = arguments[0].string_value();
  double number = 0;
  if (text.empty() || text != absl::StripAsciiWhitespace(text) || !absl::SimpleAtod(text, &number)) {
    return Malformed("the text is not a number");
  }
  const bool said = absl::StrContains(absl::AsciiStrToLower(text), "inf");
  if (std::isinf(number) && !said) return TooLarge("the number is too large for a double");
  return Value::Double(number);
}

Value ScalarToString(const CallContext& context, const Value* arguments) {
  const Value& value = arguments[0];
  const auto made = [&](const ShortText& text) { return Value::String(context.arena.Copy(text.view())); };
  switch (value.kind()) {
    case Kind::kBool:
      return Value::String(value.bool_value() ? "true" : "false");
    case Kind::kInt:
      return made(IntText(value.int_value()));
    case Kind::kUint:
      return made(UintText(value.uint_value()));
    case Kind::kDouble:
      return made(DoubleText(value.double_value()));
    case Kind::kTimestamp:
      return made(TimestampText(value.timestamp_value()));
    default:
      return made(DurationText(value.duration_value()));
  }
}

Value BytesToString(const CallContext&, const Value* arguments) {
  const absl::string_view bytes = arguments[0].string_value();
  return IsValidUtf8(bytes) ? Value::String(bytes) : Malformed("the bytes are not valid UTF-8");
}

Value StringToBytes(const CallContext&, const Value* arguments) { return Value::Bytes(arguments[0].string_value()); }

Value StringToBool(const CallContext&, const Value* arguments) {
  const absl::string_view text = arguments[0].string_value();
  for (absl::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return Value::Bool(true);
  }
  for (absl::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return Value::Bool(false);
  }
  return Malformed("the text is neither true nor false");
}

Value StringToTimestamp(const CallContext&, const Value* arguments) {
  const absl::optional<absl::Time> time = ParseTimestamp(arguments[0].string_value());
  return time ? Value::Timestamp(*time) : Malformed("the text is not a time such as 2024-02-29T12:00:00Z");
}

Value IntToTimestamp(const CallContext&, const Value* arguments) {
  return Value::Timestamp(absl::FromUnixSeconds(arguments[0].int_value()));
}

Value StringToDuration(const CallContext&, const Value* arguments) {
  const absl::optional<absl::Duration> duration = ParseDuration(arguments[0].string_value());
  return duration ? Value::Duration(*duration) : Malformed("the text is not a duration such as 90s or 1h30m");
}

Value Days(const CallContext&, const Value* arguments) { return Times(arguments[0].int_value(), absl::Hours(24)); }

Value Hours(const CallContext&, const Value* arguments) { return Times(arguments[0].int_value(), absl::Hours(1)); }

}  // namespace waymark::expression
