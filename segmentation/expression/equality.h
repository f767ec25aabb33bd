#ifndef WAYMARK_SEGMENTATION_EXPRESSION_EQUALITY_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_EQUALITY_H_

#include <cstdint>

#include "absl/types/optional.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

// Equal() that gives up: each element that is compared takes a step. Where `steps` falls below zero the answer means
// nothing, and the caller must say so. (A short rule can make a list that holds itself many times over; comparing two
// of them would not end.)
bool EqualWithin(const Value& a, const Value& b, int64_t& steps);

enum class Order : uint8_t { kLess, kEqual, kGreater, kUnordered };

// CEL's order of two values: numbers across int, uint and double (a double is compared with an integer as doubles,
// within the integer's range), strings by code point, bytes, bools, timestamps and durations. kUnordered where one is
// NaN; nullopt where values of these kinds have no order.
absl::optional<Order> Compare(const Value& a, const Value& b);

// The value of `key` in the map; nullptr where it is not there. Linear.
const Value* Find(const MapValue& map, const Value& key, int64_t& steps);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_EQUALITY_H_
