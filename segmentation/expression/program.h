#ifndef WAYMARK_SEGMENTATION_EXPRESSION_PROGRAM_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_PROGRAM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "segmentation/expression/arena.h"
#include "segmentation/expression/environment.h"
#include "segmentation/expression/type.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

// A mistake of a rule's author.
struct Issue {
  // 1-based, of the rule's own text.
  int line = 1;
  int column = 1;
  std::string message;
};

// The rule's line with a caret under the column, on two lines.
std::string Snippet(absl::string_view source, const Issue& issue);

// A rule, compiled. Immutable, cheap to copy, thread-safe.
class Program {
 public:
  struct Code;

  // One evaluation: O(size) but for comprehensions, which a step limit bounds (an error of kStepLimit). Neither throws
  // nor blocks; allocates only in `arena`, and nothing there for comparisons, arithmetic and logic over scalars and
  // facts.
  Value Evaluate(Activation& activation, Arena& arena) const;

  const Type& type() const;
  // The text that was compiled.
  absl::string_view source() const;
  // The slots of the facts that it mentions, ascending, each once; also those that only a shared part mentions (see
  // sharing.h).
  const std::vector<int>& facts() const;
  // At most so many steps one evaluation takes, whatever the facts are (see cost.h); where this is at most kMaxSteps,
  // the step limit never ends it.
  int64_t cost_bound() const;
  // How many steps one evaluation takes. For tests of the bound.
  int64_t CountSteps(Activation& activation, Arena& arena) const;
  // Where the rule's value does not depend on any fact: that value (so a rule that can never hold is seen when it is
  // compiled).
  absl::optional<Value> constant() const;
  // False where it is certain that the rule never holds, whatever its facts: it is constant, or contradicts itself.
  bool MayHold() const;

 private:
  friend class ProgramAccess;
  std::shared_ptr<const Code> code_;
};

// A compiled rule, or every mistake in it.
struct Compilation {
  absl::optional<Program> program;  // absent where there are issues
  std::vector<Issue> issues;
};

struct CompileOptions {
  // Without the checker, types are looked at only in evaluation.
  bool check_types = true;
};

// Parses, checks and compiles CEL. Bounds: 16 KiB of source, nesting of 64 levels, 4,096 nodes.
// `expected`, where set, is the type that the rule must have; dyn is accepted for any.
Compilation Compile(absl::string_view source, Environment& environment, absl::optional<Type> expected = absl::nullopt,
                    const CompileOptions& options = {});

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_PROGRAM_H_
