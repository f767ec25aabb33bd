#ifndef WAYMARK_SEGMENTATION_EXPRESSION_CODE_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_CODE_H_

#include <cstdint>
#include <vector>

#include "segmentation/expression/ast.h"
#include "segmentation/expression/functions.h"
#include "segmentation/expression/relation.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

enum class Op : uint8_t {
  kConstant,     // constants[a]
  kFact,         // the fact of slot a
  kLocal,        // the macro variable a
  kHasFact,      // whether the fact of slot a is known
  kHasField,     // whether the map a has the key constants[b]
  kSelect,       // the value of the key constants[b] of the map a
  kCompare,      // relation `detail` of a and b
  kCompareFact,  // relation `detail` of the fact of slot a and constants[b], which is no error; where `count` is 1,
                 // false for a fact that is not known: `has(x) && x == 1`
  kNot,          // not a
  kIn,           // whether the list b, or the map b's keys, hold a
  kCall,         // function b, operands[a …], overload `detail` first; prepared[c - 1] where c > 0
  kAnd,          // operands[a …]
  kOr,           // operands[a …]
  kConditional,  // a ? b : c
  kList,         // operands[a …]
  kMap,          // operands[a …]: key, value, …
  // Macros: over the elements of a, each as the local `count`, evaluates b, which has c nodes.
  kAll,
  kExists,
  kExistsOne,
  kFilter,
  kTransform,
  kTransformIf,  // operands[b] is the result, operands[b + 1] the condition
};

// One node of a compiled rule; a, b and c are other nodes' indexes unless said otherwise.
struct Instruction {
  Op op = Op::kConstant;
  uint8_t detail = 0;
  uint16_t count = 0;  // of operands
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t c = 0;
};
static_assert(sizeof(Instruction) == 16);

// Compiled rules in contiguous memory, children before parents. Constants borrow from the arenas of whoever owns the
// code.
struct InstructionTree {
  std::vector<Instruction> instructions;
  std::vector<uint32_t> operands;
  std::vector<Value> constants;
  std::vector<Prepared> prepared;
  int locals = 0;  // how many macro variables there are at once
};

// One rule's tree.
struct RootedTree {
  InstructionTree tree;
  uint32_t root = 0;
};

// Calls `visit` with the index of each node that this one evaluates.
template <typename Visit>
void ForEachChild(const InstructionTree& tree, const Instruction& node, Visit visit) {
  switch (node.op) {
    case Op::kConstant:
    case Op::kFact:
    case Op::kLocal:
    case Op::kHasFact:
    case Op::kCompareFact:
      return;
    case Op::kHasField:
    case Op::kSelect:
    case Op::kNot:
      return visit(node.a);
    case Op::kCompare:
    case Op::kIn:
      visit(node.a);
      return visit(node.b);
    case Op::kCall:
    case Op::kAnd:
    case Op::kOr:
    case Op::kList:
    case Op::kMap:
      for (size_t i = 0; i < node.count; ++i) visit(tree.operands[node.a + i]);
      return;
    case Op::kConditional:
      visit(node.a);
      visit(node.b);
      return visit(node.c);
    case Op::kAll:
    case Op::kExists:
    case Op::kExistsOne:
    case Op::kFilter:
    case Op::kTransform:
      visit(node.a);
      return visit(node.b);
    case Op::kTransformIf:
      visit(node.a);
      visit(tree.operands[node.b]);
      return visit(tree.operands[node.b + 1]);
  }
}

// The slots of the facts that the nodes below `root` mention, ascending, each once.
std::vector<int> FactsOf(const InstructionTree& tree, uint32_t root);

// A part of a rule that can be looked at by itself: a term that `&&` or `||` separate, or a fact.
struct OutlinePart {
  ExprId expr = 0;     // in the tree that parsing the rule gives
  uint32_t index = 0;  // the instruction that gives a term's value; a fact's slot
  bool fact = false;
};
using Outline = std::vector<OutlinePart>;

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_CODE_H_
