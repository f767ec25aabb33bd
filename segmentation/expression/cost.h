#ifndef WAYMARK_SEGMENTATION_EXPRESSION_COST_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_COST_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "segmentation/expression/code.h"
#include "segmentation/expression/type.h"

namespace waymark::expression {

// How large a fact may be; what admits values from outside holds them to it, and CostBound relies on it.
inline constexpr int64_t kMaxFactElements = 64;    // of a list or a map
inline constexpr int64_t kMaxFactTextBytes = 256;  // of a text, alone or as an element
// Of a fact of type dyn: the elements of all lists and maps within it, together.
inline constexpr int64_t kMaxDynElements = 256;

// At most so many steps (see kMaxSteps) does one evaluation of `root` take, whatever the facts are: a macro's body
// counts as often as its range can have elements, both sides of `&&` and `||` count, and the dearer branch of a
// conditional. Saturates at INT64_MAX. `types` holds the facts' types by slot. Linear in the tree and its constants.
int64_t CostBound(const InstructionTree& tree, uint32_t root, const absl::flat_hash_map<int, Type>& types);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_COST_H_
