#include "segmentation/expression/equality.h"

#include <cmath>
#include <cstdint>

namespace waymark::expression {
namespace {

template <typename T>
Order OrderOf(const T& a, const T& b) {
  if (a < b) return Order::kLess;
  if (b < a) return Order::kGreater;
  return Order::kEqual;
}

Order Reverse(Order order) {
  if (order == Order::kLess) return Order::kGreater;
  if (order == Order::kGreater) return Order::kLess;
  return order;
}

Order OrderOfDoubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return Order::kUnordered;
  return OrderOf(a, b);
}

Order OrderOfIntAndUint(int64_t a, uint64_t b) {
  if (a < 0) return Order::kLess;
  return OrderOf(static_cast<uint64_t>(a), b);
}

// Integers beyond 2^53 lose precision on the way, as CEL has it; the order of doubles beyond the integer's range is
// right by itself.
Order OrderOfNumbers(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::kInt:
      if (b.kind() == Kind::kInt) return OrderOf(a.int_value(), b.int_value());
      if (b.kind() == Kind::kUint) return OrderOfIntAndUint(a.int_value(), b.uint_value());
      return OrderOfDoubles(static_cast<double>(a.int_value()), b.double_value());
    case Kind::kUint:
      if (b.kind() == Kind::kUint) return OrderOf(a.uint_value(), b.uint_value());
      if (b.kind() == Kind::kInt) return Reverse(OrderOfIntAndUint(b.int_value(), a.uint_value()));
      return OrderOfDoubles(static_cast<double>(a.uint_value()), b.double_value());
    default:
      if (b.kind() == Kind::kDouble) return OrderOfDoubles(a.double_value(), b.double_value());
      return Reverse(OrderOfNumbers(b, a));
  }
}

bool IsNumber(const Value& value) {
  return value.kind() == Kind::kInt || value.kind() == Kind::kUint || value.kind() == Kind::kDouble;
}

bool EqualLists(const ListValue& a, const ListValue& b, int64_t& steps) {
  if (a.elements.size() != b.elements.size()) return false;
  for (size_t i = 0; i < a.elements.size(); ++i) {
    if (!EqualWithin(a.elements[i], b.elements[i], steps)) return false;
  }
  return true;
}

bool EqualMaps(const MapValue& a, const MapValue& b, int64_t& steps) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    const Value* other = Find(b, key, steps);
    if (other == nullptr || !EqualWithin(value, *other, steps)) return false;
  }
  return true;
}

}  // namespace

bool EqualWithin(const Value& a, const Value& b, int64_t& steps) {
  if (--steps < 0) return false;
  if (IsNumber(a) && IsNumber(b)) return OrderOfNumbers(a, b) == Order::kEqual;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return a.bool_value() == b.bool_value();
    case Kind::kString:
    case Kind::kBytes:
      return a.string_value() == b.string_value();
    case Kind::kList:
      return EqualLists(a.list_value(), b.list_value(), steps);
    case Kind::kMap:
      return EqualMaps(a.map_value(), b.map_value(), steps);
    case Kind::kTimestamp:
      return a.timestamp_value() == b.timestamp_value();
    case Kind::kDuration:
      return a.duration_value() == b.duration_value();
    case Kind::kType:
      return a.type_value() == b.type_value();
    default:
      return false;
  }
}

absl::optional<Order> Compare(const Value& a, const Value& b) {
  if (IsNumber(a) && IsNumber(b)) return OrderOfNumbers(a, b);
  if (a.kind() != b.kind()) return absl::nullopt;
  switch (a.kind()) {
    case Kind::kBool:
      return OrderOf(a.bool_value(), b.bool_value());
    case Kind::kString:
    case Kind::kBytes:
      return OrderOf(a.string_value(), b.string_value());
    case Kind::kTimestamp:
      return OrderOf(a.timestamp_value(), b.timestamp_value());
    case Kind::kDuration:
      return OrderOf(a.duration_value(), b.duration_value());
    default:
      return absl::nullopt;
  }
}

const Value* Find(const MapValue& map, const Value& key, int64_t& steps) {
  for (const auto& [candidate, value] : map.entries) {
    if (EqualWithin(candidate, key, steps)) return &value;
    if (steps < 0) return nullptr;
  }
  return nullptr;
}

}  // namespace waymark::expression
