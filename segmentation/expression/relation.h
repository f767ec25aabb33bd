#ifndef WAYMARK_SEGMENTATION_EXPRESSION_RELATION_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_RELATION_H_

#include <cstdint>

#include "segmentation/expression/equality.h"

namespace waymark::expression {

// A comparison.
enum class Relation : uint8_t { kNone, kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

// Whether the relation holds for two values of this order. kUnordered: only kNotEqual holds.
inline bool Holds(Relation relation, Order order) {
  switch (relation) {
    case Relation::kEqual:
      return order == Order::kEqual;
    case Relation::kNotEqual:
      return order != Order::kEqual;
    case Relation::kLess:
      return order == Order::kLess;
    case Relation::kLessOrEqual:
      return order == Order::kLess || order == Order::kEqual;
    case Relation::kGreater:
      return order == Order::kGreater;
    case Relation::kGreaterOrEqual:
      return order == Order::kGreater || order == Order::kEqual;
    case Relation::kNone:
      break;
  }
  return false;
}

// The same for two numbers of one type; NaN is in no order.
template <typename Number>
bool Holds(Relation relation, Number a, Number b) {
  switch (relation) {
    case Relation::kEqual:
      return a == b;
    case Relation::kNotEqual:
      return a != b;
    case Relation::kLess:
      return a < b;
    case Relation::kLessOrEqual:
      return a <= b;
    case Relation::kGreater:
      return a > b;
    case Relation::kGreaterOrEqual:
      return a >= b;
    case Relation::kNone:
      break;
  }
  return false;
}

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_RELATION_H_
