#ifndef WAYMARK_SEGMENTATION_EXPRESSION_CODE_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_CODE_H_

#include <cstdint>
#include <vector>

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

// A compiled rule: a tree in contiguous memory, children before parents. Constants borrow from the arena of whoever
// owns the code.
struct InstructionTree {
  std::vector<Instruction> instructions;
  std::vector<uint32_t> operands;
  std::vector<Value> constants;
  std::vector<Prepared> prepared;
  uint32_t root = 0;
  int locals = 0;  // how many macro variables there are at once
};

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_CODE_H_
