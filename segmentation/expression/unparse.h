#ifndef WAYMARK_SEGMENTATION_EXPRESSION_UNPARSE_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_UNPARSE_H_

#include <string>

#include "segmentation/expression/ast.h"

namespace waymark::expression {

// The tree below `root` as canonical CEL: one space around operators of two operands, no parentheses but those that the
// grammar needs, literals as DebugString writes them. Parsing it gives an equal tree, as long as it is no longer than a
// rule may be (escapes and spaces can make it longer than what was written). Linear.
std::string Unparse(const Ast& ast, ExprId root);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_UNPARSE_H_
