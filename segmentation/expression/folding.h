#ifndef WAYMARK_SEGMENTATION_EXPRESSION_FOLDING_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_FOLDING_H_

#include <cstdint>

#include "segmentation/expression/arena.h"
#include "segmentation/expression/ast.h"
#include "segmentation/expression/checked.h"

namespace waymark::expression {

// Sets what the node depends on, from its children. REQUIRES: they were folded; the node is kPlain and no literal.
void SetDependencies(const Ast& ast, CheckedNodes& nodes, ExprId id);

// Sets the node's constant where it depends on nothing, or one constant term decides an `&&` or `||`. The value,
// perhaps an error, is made in `arena`. Its steps are taken from `steps`, which all constants of a rule have together;
// what exceeds them is left to evaluation. REQUIRES: SetDependencies; there are no problems in the node.
void SetConstant(const Ast& ast, CheckedNodes& nodes, ExprId id, Arena& arena, int64_t& steps);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_FOLDING_H_
