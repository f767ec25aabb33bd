#include "segmentation/expression/rule_set.h"

#include "segmentation/expression/evaluator.h"
#include "segmentation/expression/program_code.h"

namespace waymark::expression {

RuleSet::RuleSet(absl::Span<const Program> rules) {
  for (const Program& rule : rules) {
    const Program::Code& code = ProgramAccess::CodeOf(rule);
    if (runs_.empty() || runs_.back().tree != code.tree) runs_.push_back({.tree = code.tree});
    runs_.back().roots.push_back(code.root);
  }
}

void RuleSet::EvaluateUnknown(Activation& activation, Arena& arena, absl::Span<int8_t> holds) const {
  int8_t* next = holds.data();
  for (const Run& run : runs_) {
    EvaluateRoots(*run.tree, run.roots, activation, arena, next);
    next += run.roots.size();
  }
}

}  // namespace waymark::expression
