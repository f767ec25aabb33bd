#ifndef WAYMARK_SEGMENTATION_EXPRESSION_VALUE_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_VALUE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace waymark::expression {

enum class Kind : uint8_t {
  kError,
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kList,
  kMap,
  kTimestamp,
  kDuration,
  kType,
};

// CEL's name of a kind ("int", "google.protobuf.Timestamp"): what `type(x)` shows.
absl::string_view KindName(Kind kind);

// Why an evaluation has no value. A rule that ends in an error does not hold.
enum class ErrorCode : uint8_t {
  kMissing,         // a fact, trait or key that is not there; what has() guards against
  kNoSuchOverload,  // operands of these types have no such operation
  kDivideByZero,
  kOverflow,
  kBadArgument,  // out of range, malformed number, invalid regular expression, duplicate map key
  kStepLimit,
};

class Value;

// A list's elements, owned by an Arena or by whoever made the value.
struct ListValue {
  absl::Span<const Value> elements;
};

// A map's entries in insertion order, keys unique; keys are bool, int, uint or string.
struct MapValue {
  absl::Span<const std::pair<Value, Value>> entries;
};

// A value of the rule language: 16 bytes, trivially copyable. Strings, lists, maps and error messages are borrowed:
// from the program's constants, from the profile that a fact was read from, or from the evaluation's Arena, and live as
// long as these do. Immutable; thread-safe.
class Value {
 public:
  // null.
  constexpr Value() = default;
  static Value Bool(bool v);
  static Value Int(int64_t v);
  static Value Uint(uint64_t v);
  static Value Double(double v);
  // At most 4 GiB.
  static Value String(absl::string_view borrowed);
  static Value Bytes(absl::string_view borrowed);
  static Value List(const ListValue* borrowed);
  static Value Map(const MapValue* borrowed);
  // Years 1 to 9999, in nanoseconds (finer parts are cut); an error of kOverflow outside.
  static Value Timestamp(absl::Time v);
  // At most the 10,000 years that CEL allows, in nanoseconds; an error of kOverflow outside.
  static Value Duration(absl::Duration v);
  static Value Type(Kind v);
  static Value Error(ErrorCode code, absl::string_view borrowed_message);

  Kind kind() const { return kind_; }
  bool is_error() const { return kind_ == Kind::kError; }
  // The value as a rule's verdict: true only where it is the bool true.
  bool holds() const { return kind_ == Kind::kBool && payload_.bits == 1; }

  // REQUIRES: the kind is the one named.
  bool bool_value() const { return payload_.bits != 0; }
  int64_t int_value() const { return payload_.integer; }
  uint64_t uint_value() const { return payload_.bits; }
  double double_value() const { return payload_.number; }
  // String, bytes, and an error's message.
  absl::string_view string_value() const { return absl::string_view(payload_.text, extra_); }
  const ListValue& list_value() const { return *payload_.list; }
  const MapValue& map_value() const { return *payload_.map; }
  absl::Time timestamp_value() const;
  absl::Duration duration_value() const;
  Kind type_value() const { return static_cast<Kind>(payload_.bits); }
  ErrorCode error_code() const { return static_cast<ErrorCode>(code_); }

 private:
  static Value Text(Kind kind, absl::string_view borrowed);

  union Payload {
    uint64_t bits = 0;
    int64_t integer;
    double number;
    const char* text;
    const ListValue* list;
    const MapValue* map;
  };

  Kind kind_ = Kind::kNull;
  uint8_t code_ = 0;
  uint32_t extra_ = 0;  // a text's length; a time's or a duration's nanoseconds
  Payload payload_;
};
static_assert(sizeof(Value) == 16);

inline Value Value::Bool(bool v) {
  Value value;
  value.kind_ = Kind::kBool;
  value.payload_.bits = v ? 1 : 0;
  return value;
}

inline Value Value::Int(int64_t v) {
  Value value;
  value.kind_ = Kind::kInt;
  value.payload_.integer = v;
  return value;
}

inline Value Value::Uint(uint64_t v) {
  Value value;
  value.kind_ = Kind::kUint;
  value.payload_.bits = v;
  return value;
}

inline Value Value::Double(double v) {
  Value value;
  value.kind_ = Kind::kDouble;
  value.payload_.number = v;
  return value;
}

inline Value Value::String(absl::string_view borrowed) { return Text(Kind::kString, borrowed); }

inline Value Value::Bytes(absl::string_view borrowed) { return Text(Kind::kBytes, borrowed); }

inline Value Value::Text(Kind kind, absl::string_view borrowed) {
  Value value;
  value.kind_ = kind;
  value.extra_ = static_cast<uint32_t>(borrowed.size());
  value.payload_.text = borrowed.data();
  return value;
}

// CEL's `==`: numbers compare across int, uint and double; values of other different kinds are unequal; NaN is unequal
// to itself. REQUIRES: neither is an error.
bool Equal(const Value& a, const Value& b);

// For tests and traces: CEL's literal syntax where there is one ("[1, 'a']", "duration('90s')", "error: …").
std::string DebugString(const Value& value);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_VALUE_H_
