#include "segmentation/expression/operators.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/time/time.h"
#include "segmentation/expression/equality.h"
#include "segmentation/expression/errors.h"

namespace waymark::expression {
namespace {

Value Overflow() { return Value::Error(ErrorCode::kOverflow, "the number is too large"); }
Value DivisionByZero() { return Value::Error(ErrorCode::kDivideByZero, "division by zero"); }

// Both texts as one, in the arena. The evaluator takes the steps, for the arguments' sizes.
absl::string_view Concatenate(const CallContext& context, absl::string_view a, absl::string_view b) {
  char* place = context.arena.Allocate<char>(a.size() + b.size());
  std::memcpy(place, a.data(), a.size());
  std::memcpy(place + a.size(), b.data(), b.size());
  return absl::string_view(place, a.size() + b.size());
}

// The position that a number names; -1 where it names none.
int64_t PositionOf(const Value& index) {
  switch (index.kind()) {
    case Kind::kInt:
      return index.int_value();
    case Kind::kUint:
      return index.uint_value() > INT64_MAX ? -1 : static_cast<int64_t>(index.uint_value());
    default: {
      const double number = index.double_value();
      return number >= 0 && number < 4294967296.0 && number == std::trunc(number) ? static_cast<int64_t>(number) : -1;
    }
  }
}

}  // namespace

Value Not(const CallContext&, const Value* arguments) { return Value::Bool(!arguments[0].bool_value()); }

Value NegateInt(const CallContext&, const Value* arguments) {
  int64_t result;
  if (__builtin_sub_overflow(int64_t{0}, arguments[0].int_value(), &result)) return Overflow();
  return Value::Int(result);
}

Value NegateDouble(const CallContext&, const Value* arguments) { return Value::Double(-arguments[0].double_value()); }

Value AddInts(const CallContext&, const Value* arguments) {
  int64_t result;
  if (__builtin_add_overflow(arguments[0].int_value(), arguments[1].int_value(), &result)) return Overflow();
  return Value::Int(result);
}

Value AddUints(const CallContext&, const Value* arguments) {
  uint64_t result;
  if (__builtin_add_overflow(arguments[0].uint_value(), arguments[1].uint_value(), &result)) return Overflow();
  return Value::Uint(result);
}

Value AddDoubles(const CallContext&, const Value* arguments) {
  return Value::Double(arguments[0].double_value() + arguments[1].double_value());
}

Value AddStrings(const CallContext& context, const Value* arguments) {
  return Value::String(Concatenate(context, arguments[0].string_value(), arguments[1].string_value()));
}

Value AddBytes(const CallContext& context, const Value* arguments) {
  return Value::Bytes(Concatenate(context, arguments[0].string_value(), arguments[1].string_value()));
}

Value AddLists(const CallContext& context, const Value* arguments) {
  const absl::Span<const Value> a = arguments[0].list_value().elements;
  const absl::Span<const Value> b = arguments[1].list_value().elements;
  context.steps -= static_cast<int64_t>(a.size() + b.size());
  if (context.steps < 0) return Value();
  Value* place = context.arena.Allocate<Value>(a.size() + b.size());
  std::copy(a.begin(), a.end(), place);
  std::copy(b.begin(), b.end(), place + a.size());
  return Value::List(context.arena.New(ListValue{absl::MakeConstSpan(place, a.size() + b.size())}));
}

Value AddDurationToTimestamp(const CallContext&, const Value* arguments) {
  return Value::Timestamp(arguments[0].timestamp_value() + arguments[1].duration_value());
}

Value AddTimestampToDuration(const CallContext&, const Value* arguments) {
  return Value::Timestamp(arguments[1].timestamp_value() + arguments[0].duration_value());
}

Value AddDurations(const CallContext&, const Value* arguments) {
  return Value::Duration(arguments[0].duration_value() + arguments[1].duration_value());
}

Value SubtractInts(const CallContext&, const Value* arguments) {
  int64_t result;
  if (__builtin_sub_overflow(arguments[0].int_value(), arguments[1].int_value(), &result)) return Overflow();
  return Value::Int(result);
}

Value SubtractUints(const CallContext&, const Value* arguments) {
  uint64_t result;
  if (__builtin_sub_overflow(arguments[0].uint_value(), arguments[1].uint_value(), &result)) return Overflow();
  return Value::Uint(result);
}

Value SubtractDoubles(const CallContext&, const Value* arguments) {
  return Value::Double(arguments[0].double_value() - arguments[1].double_value());
}

Value SubtractTimestamps(const CallContext&, const Value* arguments) {
  const absl::Duration difference = arguments[0].timestamp_value() - arguments[1].timestamp_value();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  if (difference > absl::Nanoseconds(kMost) || difference < absl::Nanoseconds(kLeast)) {
    return Value::Error(ErrorCode::kOverflow, "the times are more than 292 years apart");
  }
  return Value::Duration(difference);
}

Value SubtractDurationFromTimestamp(const CallContext&, const Value* arguments) {
  return Value::Timestamp(arguments[0].timestamp_value() - arguments[1].duration_value());
}

Value SubtractDurations(const CallContext&, const Value* arguments) {
  return Value::Duration(arguments[0].duration_value() - arguments[1].duration_value());
}

Value MultiplyInts(const CallContext&, const Value* arguments) {
  int64_t result;
  if (__builtin_mul_overflow(arguments[0].int_value(), arguments[1].int_value(), &result)) return Overflow();
  return Value::Int(result);
}

Value MultiplyUints(const CallContext&, const Value* arguments) {
  uint64_t result;
  if (__builtin_mul_overflow(arguments[0].uint_value(), arguments[1].uint_value(), &result)) return Overflow();
  return Value::Uint(result);
}

Value MultiplyDoubles(const CallContext&, const Value* arguments) {
  return Value::Double(arguments[0].double_value() * arguments[1].double_value());
}

Value DivideInts(const CallContext& context, const Value* arguments) {
  const int64_t divisor = arguments[1].int_value();
  if (divisor == 0) return DivisionByZero();
  if (divisor == -1) return NegateInt(context, arguments);
  return Value::Int(arguments[0].int_value() / divisor);
}

Value DivideUints(const CallContext&, const Value* arguments) {
  if (arguments[1].uint_value() == 0) return DivisionByZero();
  return Value::Uint(arguments[0].uint_value() / arguments[1].uint_value());
}

Value DivideDoubles(const CallContext&, const Value* arguments) {
  return Value::Double(arguments[0].double_value() / arguments[1].double_value());
}

Value RemainderOfInts(const CallContext&, const Value* arguments) {
  const int64_t divisor = arguments[1].int_value();
  if (divisor == 0) return DivisionByZero();
  if (divisor == -1) {
    // The smallest int by -1 does not fit an int, so its remainder is an overflow as in CEL's other implementations.
    return arguments[0].int_value() == std::numeric_limits<int64_t>::min() ? Overflow() : Value::Int(0);
  }
  return Value::Int(arguments[0].int_value() % divisor);
}

Value RemainderOfUints(const CallContext&, const Value* arguments) {
  if (arguments[1].uint_value() == 0) return DivisionByZero();
  return Value::Uint(arguments[0].uint_value() % arguments[1].uint_value());
}

Value IndexList(const CallContext&, const Value* arguments) {
  const absl::Span<const Value> elements = arguments[0].list_value().elements;
  const int64_t position = PositionOf(arguments[1]);
  if (position < 0 || position >= static_cast<int64_t>(elements.size())) {
    return Value::Error(ErrorCode::kBadArgument, "the list has no element at this index");
  }
  return elements[static_cast<size_t>(position)];
}

Value IndexMap(const CallContext& context, const Value* arguments) {
  const Value& key = arguments[1];
  if (!IsKey(key.kind()) && key.kind() != Kind::kDouble) {
    return MakeError(context.arena, ErrorCode::kNoSuchOverload, {"a map has no keys of type ", KindName(key.kind())});
  }
  const Value* found = Find(arguments[0].map_value(), key, context.steps);
  return found != nullptr ? *found : Value::Error(ErrorCode::kMissing, "the map has no such key");
}

Value InList(const CallContext& context, const Value* arguments) {
  for (const Value& element : arguments[1].list_value().elements) {
    if (EqualWithin(element, arguments[0], context.steps)) return Value::Bool(true);
    if (context.steps < 0) break;
  }
  return Value::Bool(false);
}

Value InMap(const CallContext& context, const Value* arguments) {
  return Value::Bool(Find(arguments[1].map_value(), arguments[0], context.steps) != nullptr);
}

}  // namespace waymark::expression
