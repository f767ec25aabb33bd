#include "segmentation/expression/code.h"

#include <algorithm>

namespace waymark::expression {

std::vector<int> FactsOf(const InstructionTree& tree) {
  std::vector<int> facts;
  for (const Instruction& node : tree.instructions) {
    if (node.op == Op::kFact || node.op == Op::kHasFact || node.op == Op::kCompareFact)
      facts.push_back(static_cast<int>(node.a));
  }
  std::sort(facts.begin(), facts.end());
  facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
  return facts;
}

}  // namespace waymark::expression
