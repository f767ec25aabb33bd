#ifndef WAYMARK_SEGMENTATION_EXPRESSION_RULE_SET_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_RULE_SET_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "segmentation/expression/arena.h"
#include "segmentation/expression/code.h"
#include "segmentation/expression/environment.h"
#include "segmentation/expression/program.h"

namespace waymark::expression {

// Rules that are evaluated together: entering each by itself takes about as long as a short rule. Quickest where they
// come from one ShareParts(). Immutable, thread-safe.
class RuleSet {
 public:
  explicit RuleSet(absl::Span<const Program> rules);

  // Evaluates the rules whose entry in `holds` is negative, in order: 1 where it holds, otherwise 0. Evaluating one may
  // fill in others, through the activation. REQUIRES: as many entries as there are rules.
  void EvaluateUnknown(Activation& activation, Arena& arena, absl::Span<int8_t> holds) const;

 private:
  // Rules one after the other of one tree.
  struct Run {
    std::shared_ptr<const InstructionTree> tree;
    std::vector<uint32_t> roots;
  };
  std::vector<Run> runs_;
};

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_RULE_SET_H_
