#ifndef WAYMARK_SEGMENTATION_EXPRESSION_CHECKED_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_CHECKED_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/optional.h"
#include "segmentation/expression/ast.h"
#include "segmentation/expression/type.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

// What a node was found to mean.
enum class Meaning : uint8_t {
  kPlain,    // what its kind says
  kFact,     // a variable or a call of the environment: `slot`
  kLocal,    // a macro's variable: `slot` is its depth
  kRefused,  // there is an issue about it; where types are not checked, `constant` is its error
};

// No local variable is mentioned.
inline constexpr int kNoLocal = std::numeric_limits<int>::max();

// What the checker knows of one node.
struct Checked {
  Type type = Type::Dyn();
  Meaning meaning = Meaning::kPlain;
  int slot = 0;
  int function = -1;  // kCall: into Functions()
  int overload = 0;   // the one that the static types choose; the first to try in evaluation
  // What its value depends on, the nodes below counted in.
  bool depends_on_facts = false;
  int outermost_local = kNoLocal;
  // Where it depends on nothing: its value, perhaps an error.
  absl::optional<Value> constant;
};

// One for each node of the Ast.
using CheckedNodes = std::vector<Checked>;

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_CHECKED_H_
