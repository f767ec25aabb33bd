#include "segmentation/expression/value.h"

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "segmentation/expression/equality.h"

namespace waymark::expression {
namespace {

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
constexpr int64_t kFirstSecond = -62135596800;
constexpr int64_t kLastSecond = 253402300799;
constexpr int64_t kMaxDurationSeconds = 315576000000;

// A duration as whole seconds, rounded down, and the nanoseconds on top.
struct Parts {
  int64_t seconds;
  uint32_t nanoseconds;
};

Parts Split(absl::Duration duration) {
  absl::Duration rest;
  int64_t seconds = absl::IDivDuration(duration, absl::Seconds(1), &rest);
  if (rest < absl::ZeroDuration()) {
    --seconds;
    rest += absl::Seconds(1);
  }
  return {seconds, static_cast<uint32_t>(absl::ToInt64Nanoseconds(rest))};
}

}  // namespace

absl::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kError:
      return "error";
    case Kind::kNull:
      return "null_type";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kUint:
      return "uint";
    case Kind::kDouble:
      return "double";
    case Kind::kString:
      return "string";
    case Kind::kBytes:
      return "bytes";
    case Kind::kList:
      return "list";
    case Kind::kMap:
      return "map";
    case Kind::kTimestamp:
      return "google.protobuf.Timestamp";
    case Kind::kDuration:
      return "google.protobuf.Duration";
    case Kind::kType:
      return "type";
  }
  return "unknown";
}

Value Value::List(const ListValue* borrowed) {
  Value value;
  value.kind_ = Kind::kList;
  value.payload_.list = borrowed;
  return value;
}

Value Value::Map(const MapValue* borrowed) {
  Value value;
  value.kind_ = Kind::kMap;
  value.payload_.map = borrowed;
  return value;
}

Value Value::Timestamp(absl::Time v) {
  if (v < absl::FromUnixSeconds(kFirstSecond) || v >= absl::FromUnixSeconds(kLastSecond + 1)) {
    return Error(ErrorCode::kOverflow, "the time is outside the years 1 to 9999");
  }
  const Parts parts = Split(v - absl::UnixEpoch());
  Value value;
  value.kind_ = Kind::kTimestamp;
  value.extra_ = parts.nanoseconds;
  value.payload_.integer = parts.seconds;
  return value;
}

Value Value::Duration(absl::Duration v) {
  if (v > absl::Seconds(kMaxDurationSeconds) || v < -absl::Seconds(kMaxDurationSeconds)) {
    return Error(ErrorCode::kOverflow, "the duration is longer than 10,000 years");
  }
  const Parts parts = Split(v);
  Value value;
  value.kind_ = Kind::kDuration;
  value.extra_ = parts.nanoseconds;
  value.payload_.integer = parts.seconds;
  return value;
}

Value Value::Type(Kind v) {
  Value value;
  value.kind_ = Kind::kType;
  value.payload_.bits = static_cast<uint64_t>(v);
  return value;
}

Value Value::Error(ErrorCode code, absl::string_view borrowed_message) {
  Value value = Text(Kind::kError, borrowed_message);
  value.code_ = static_cast<uint8_t>(code);
  return value;
}

absl::Time Value::timestamp_value() const {
  return absl::FromUnixSeconds(payload_.integer) + absl::Nanoseconds(static_cast<int64_t>(extra_));
}

absl::Duration Value::duration_value() const {
  return absl::Seconds(payload_.integer) + absl::Nanoseconds(static_cast<int64_t>(extra_));
}

bool Equal(const Value& a, const Value& b) {
  int64_t unbounded = INT64_MAX;
  return EqualWithin(a, b, unbounded);
}

}  // namespace waymark::expression
