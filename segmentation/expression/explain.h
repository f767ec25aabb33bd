#ifndef WAYMARK_SEGMENTATION_EXPRESSION_EXPLAIN_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_EXPLAIN_H_

#include <string>
#include <vector>

#include "segmentation/expression/arena.h"
#include "segmentation/expression/environment.h"
#include "segmentation/expression/program.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

// A part of a rule with what it gives.
struct Part {
  std::string text;  // canonical CEL: `customer.age >= 18`, `count('purchase', days(30))`
  Value value;       // perhaps an error
  bool fact = false;
  int slot = -1;  // a fact's
};

// Why a rule gives what it gives: first the terms that `&&` and `||` separate, at any depth, in the order of the text
// (`!`, `? :` and macros are not taken apart, so a rule without `&&` and `||` is one term), then the facts that these
// mention, each once; a fact that is a term by itself stands among the terms only. What is constant is one term. Every
// term is evaluated, also those that evaluating the rule would skip. Texts are made anew from the rule's text: a few
// microseconds. Values are made in `arena` or borrowed, as Evaluate's are.
std::vector<Part> Explain(const Program& program, Activation& activation, Arena& arena);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_EXPLAIN_H_
