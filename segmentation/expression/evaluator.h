#ifndef WAYMARK_SEGMENTATION_EXPRESSION_EVALUATOR_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_EVALUATOR_H_

#include <cstdint>

#include "absl/types/span.h"
#include "segmentation/expression/arena.h"
#include "segmentation/expression/code.h"
#include "segmentation/expression/environment.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

// How much one evaluation may do in macros, equality of lists and texts that it makes: a step is one node evaluated,
// one element compared or 64 bytes copied; a million take some 10 ms.
inline constexpr int64_t kMaxSteps = 1000000;

// Evaluates the node `index` of the tree, which is no macro's body. See Program::Evaluate.
Value EvaluateTree(const InstructionTree& tree, uint32_t index, Activation& activation, Arena& arena);

// The same within `steps`, from which it takes its own; below zero afterwards, the value is an error of kStepLimit.
Value EvaluateWithin(const InstructionTree& tree, uint32_t index, Activation& activation, Arena& arena, int64_t& steps);

// Evaluates each of `roots` whose entry of `holds`, beside it, is negative, in order: 1 where it holds, otherwise 0.
void EvaluateRoots(const InstructionTree& tree, absl::Span<const uint32_t> roots, Activation& activation, Arena& arena,
                   int8_t* holds);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_EVALUATOR_H_
