#ifndef WAYMARK_SEGMENTATION_EXPRESSION_BUILDER_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_BUILDER_H_

#include "segmentation/expression/arena.h"
#include "segmentation/expression/ast.h"
#include "segmentation/expression/checked.h"
#include "segmentation/expression/code.h"

namespace waymark::expression {

// Compiles the part of a checked rule that begins at `root`. Parts that are constant become constants. Texts that the
// tree needs are made in `arena`.
InstructionTree BuildTree(const Ast& ast, const CheckedNodes& checked, ExprId root, Arena& arena);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_BUILDER_H_
