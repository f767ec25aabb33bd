#ifndef WAYMARK_SEGMENTATION_EXPRESSION_SHARING_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_SHARING_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "segmentation/expression/program.h"

namespace waymark::expression {

// Takes out what several rules (or one rule, several times) have in common and what is dearer to evaluate again than to
// look up: each such part becomes a program of its own, which `add` keeps and gives a slot, and in the rules that part
// becomes the fact of this slot. The programs that are returned stand in the order of `programs` and give the same
// values and errors, as long as the activation answers such a slot with the part's value, errors too; it evaluates the
// part at most once if it remembers. Parts may mention the slots of parts that were added before them, eight deep at
// most. A part is never a lone fact or constant, and mentions no macro variable from outside. Explain, facts(), type(),
// cost_bound() and source() of the programs stay as they were. Parts mean the same where they are the same after
// constant folding, whatever their spaces and parentheses. REQUIRES: programs of one environment. Linear.
std::vector<Program> ShareParts(absl::Span<const Program> programs, absl::FunctionRef<int(const Program& part)> add);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_SHARING_H_
