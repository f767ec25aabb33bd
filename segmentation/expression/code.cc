#include "segmentation/expression/code.h"

#include <algorithm>

namespace waymark::expression {

namespace {

void Collect(const InstructionTree& tree, uint32_t index, std::vector<int>& facts) {
  const Instruction& node = tree.instructions[index];
  if (node.op == Op::kFact || node.op == Op::kHasFact || node.op == Op::kCompareFact)
    facts.push_back(static_cast<int>(node.a));
  ForEachChild(tree, node, [&](uint32_t child) { Collect(tree, child, facts); });
}

}  // namespace

std::vector<int> FactsOf(const InstructionTree& tree, uint32_t root) {
  std::vector<int> facts;
  Collect(tree, root, facts);
  std::sort(facts.begin(), facts.end());
  facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
  return facts;
}

}  // namespace waymark::expression
