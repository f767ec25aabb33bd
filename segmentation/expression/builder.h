#ifndef WAYMARK_SEGMENTATION_EXPRESSION_BUILDER_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_BUILDER_H_

#include "segmentation/expression/arena.h"
#include "segmentation/expression/ast.h"
#include "segmentation/expression/checked.h"
#include "segmentation/expression/code.h"

namespace waymark::expression {

// Compiles the part of a checked rule that begins at `root`. Parts that are constant become constants. Texts that the
// tree needs are made in `arena`.
// The rule's parts are listed in `outline` where it is set: the terms in the order of the text, then the facts, each
// slot once; what is folded is not taken apart, and a fact that is a term by itself is listed as the term.
RootedTree BuildTree(const Ast& ast, const CheckedNodes& checked, ExprId root, Arena& arena,
                     Outline* outline = nullptr);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_BUILDER_H_
