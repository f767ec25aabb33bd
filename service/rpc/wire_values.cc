#include "service/rpc/wire_values.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/variant.h"
#include "segmentation/expression/utf8.h"
#include "service/base/field_error.h"

namespace waymark::rpc {
namespace {

using base::FieldError;
using segmentation::TraitValue;

constexpr int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr size_t kMaxStringBytes = 256;
constexpr int kMaxListLength = 64;

absl::StatusOr<TraitValue> ListFromWire(absl::string_view field, const v1::StringList& wire) {
  if (wire.values_size() > kMaxListLength) {
    return FieldError(field, absl::StrCat("a list has at most ", kMaxListLength, " strings"));
  }
  for (const std::string& text : wire.values()) {
    if (absl::Status status = CheckText(field, text, 0, kMaxStringBytes); !status.ok()) return status;
  }
  return TraitValue(std::vector<std::string>(wire.values().begin(), wire.values().end()));
}

struct ToWireVisitor {
  v1::Value& wire;

  void operator()(bool value) const { wire.set_bool_value(value); }
  void operator()(int64_t value) const { wire.set_int_value(value); }
  void operator()(double value) const { wire.set_double_value(value); }
  void operator()(const std::string& value) const { wire.set_string_value(value); }
  void operator()(absl::Time value) const { TimeToWire(value, *wire.mutable_timestamp_value()); }
  void operator()(const std::vector<std::string>& value) const {
    v1::StringList& list = *wire.mutable_string_list_value();
    for (const std::string& text : value) list.add_values(text);
  }
};

}  // namespace

bool IsName(absl::string_view text) {
  return !text.empty() && text.size() <= 64 && absl::ascii_islower(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_'; });
}

absl::Status CheckText(absl::string_view field, absl::string_view text, size_t min, size_t max) {
  if (text.size() < min)
    return FieldError(field, min == 1 ? "must not be empty" : absl::StrCat("below ", min, " bytes"));
  if (text.size() > max) return FieldError(field, absl::StrCat("at most ", max, " bytes"));
  if (!expression::IsValidUtf8(text)) return FieldError(field, "not valid UTF-8");
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> TimeFromWire(absl::string_view field, const google::protobuf::Timestamp& wire) {
  if (wire.seconds() < kFirstSecond || wire.seconds() > kLastSecond) {
    return FieldError(field, "a time of the years 1 to 9999");
  }
  if (wire.nanos() < 0 || wire.nanos() > 999'999'999) return FieldError(field, "nanos are 0 to 999,999,999");
  return absl::FromUnixSeconds(wire.seconds()) + absl::Milliseconds(wire.nanos() / 1'000'000);
}

void TimeToWire(absl::Time time, google::protobuf::Timestamp& wire) {
  const absl::Time held = std::clamp(time, absl::FromUnixSeconds(kFirstSecond),
                                     absl::FromUnixSeconds(kLastSecond + 1) - absl::Nanoseconds(1));
  const int64_t seconds = absl::ToUnixSeconds(held);  // rounds down, so the rest is not negative
  wire.set_seconds(seconds);
  wire.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(held - absl::FromUnixSeconds(seconds))));
}

absl::StatusOr<TraitValue> ValueFromWire(absl::string_view field, const v1::Value& wire) {
  switch (wire.kind_case()) {
    case v1::Value::kBoolValue:
      return TraitValue(wire.bool_value());
    case v1::Value::kIntValue:
      return TraitValue(int64_t{wire.int_value()});
    case v1::Value::kDoubleValue:
      if (!std::isfinite(wire.double_value())) return FieldError(field, "a number must be finite");
      return TraitValue(wire.double_value());
    case v1::Value::kStringValue:
      if (absl::Status status = CheckText(field, wire.string_value(), 0, kMaxStringBytes); !status.ok()) return status;
      return TraitValue(wire.string_value());
    case v1::Value::kTimestampValue: {
      absl::StatusOr<absl::Time> time = TimeFromWire(field, wire.timestamp_value());
      if (!time.ok()) return time.status();
      return TraitValue(*time);
    }
    case v1::Value::kStringListValue:
      return ListFromWire(field, wire.string_list_value());
    case v1::Value::KIND_NOT_SET:
      break;
  }
  return FieldError(field, "a value must be set");
}

void ValueToWire(const TraitValue& value, v1::Value& wire) { absl::visit(ToWireVisitor{wire}, value); }

std::string EntryField(absl::string_view map, absl::string_view key) {
  return IsName(key) ? absl::StrCat(map, "[\"", key, "\"]") : std::string(map);
}

std::string EtagOf(uint64_t revision) { return absl::StrCat(absl::Hex(revision, absl::kZeroPad16)); }

absl::StatusOr<uint64_t> RevisionOf(absl::string_view etag) {
  uint64_t revision = 0;
  if (etag.size() == 16 && std::all_of(etag.begin(), etag.end(), absl::ascii_isxdigit) &&
      absl::SimpleHexAtoi(etag, &revision)) {
    return revision;
  }
  return absl::AbortedError("the etag is not the current one");
}

}  // namespace waymark::rpc
