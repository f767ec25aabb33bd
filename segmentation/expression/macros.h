#ifndef WAYMARK_SEGMENTATION_EXPRESSION_MACROS_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_MACROS_H_

#include <string>

#include "absl/types/optional.h"
#include "segmentation/expression/ast.h"

namespace waymark::expression {

// Turns a call of a macro (has, all, exists, exists_one, map, filter) into the node that it stands for; other calls are
// left as they are. Returns what is wrong with the macro's arguments, if anything, for the rule's author.
absl::optional<std::string> ExpandMacro(const Ast& ast, Expr& call);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_MACROS_H_
