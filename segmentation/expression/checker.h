#ifndef WAYMARK_SEGMENTATION_EXPRESSION_CHECKER_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_CHECKER_H_

#include <vector>

#include "segmentation/expression/arena.h"
#include "segmentation/expression/ast.h"
#include "segmentation/expression/checked.h"
#include "segmentation/expression/environment.h"
#include "segmentation/expression/parser.h"

namespace waymark::expression {

// What each node means, or every problem. Where there are problems the nodes are not to be compiled.
struct CheckResult {
  CheckedNodes nodes;
  std::vector<Problem> problems;
};

// Finds what names mean (a macro's variable, then the longest dotted name that the environment knows, then a type),
// which overload each call takes, and what is constant; a fact function's arguments must be. Without `check_types`, a
// name that nothing knows and operands that never fit are errors of the evaluation. Constants' texts are made in
// `arena`.
CheckResult Check(const Ast& ast, Environment& environment, bool check_types, Arena& arena);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_CHECKER_H_
