#ifndef WAYMARK_SEGMENTATION_EXPRESSION_RELATION_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_RELATION_H_

#include <cstddef>
#include <cstdint>

#include "segmentation/expression/equality.h"

namespace waymark::expression {

// A comparison.
enum class Relation : uint8_t { kNone, kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

// The orders for which each relation holds, as bits (1 << Order), by Relation. kUnordered: only kNotEqual holds.
inline constexpr uint8_t kHoldingOrders[] = {0b0000, 0b0010, 0b1101, 0b0001, 0b0011, 0b0100, 0b0110};

// Whether the relation holds for two values of this order.
inline bool Holds(Relation relation, Order order) {
  return (kHoldingOrders[static_cast<size_t>(relation)] >> static_cast<int>(order) & 1) != 0;
}

// The same for two numbers of one type; NaN is in no order. Without branches, since which way a comparison goes is what
// a processor cannot guess.
template <typename Number>
bool Holds(Relation relation, Number a, Number b) {
  static_assert(static_cast<int>(Order::kEqual) == 1 && static_cast<int>(Order::kGreater) == 2 &&
                static_cast<int>(Order::kUnordered) == 3);
  const int order = 3 - 3 * static_cast<int>(a < b) - 2 * static_cast<int>(a == b) - static_cast<int>(a > b);
  return (kHoldingOrders[static_cast<size_t>(relation)] >> order & 1) != 0;
}

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_RELATION_H_
