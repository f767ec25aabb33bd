#ifndef WAYMARK_SEGMENTATION_EXPRESSION_CONTRADICTION_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_CONTRADICTION_H_

#include "segmentation/expression/code.h"

namespace waymark::expression {

// Whether the rule at `root` may hold for some values of its facts. False only where it is sure that it cannot: what &&
// joins contradicts itself, by comparisons with constants (`customer.age > 60 && customer.age < 20`), `in` lists of
// constants, or a condition beside its own negation; or each side of an || does. True says nothing. O(nodes^2) at most.
bool MayHold(const InstructionTree& tree, uint32_t root);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_CONTRADICTION_H_
