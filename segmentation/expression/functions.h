#ifndef WAYMARK_SEGMENTATION_EXPRESSION_FUNCTIONS_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_FUNCTIONS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "re2/re2.h"
#include "segmentation/expression/arena.h"
#include "segmentation/expression/relation.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

// What an overload takes and gives, as a pattern: kA and kB stand for any type, the same one wherever the letter is
// used within an overload.
enum class Pattern : uint8_t {
  kBool,
  kInt,
  kUint,
  kDouble,
  kNumber,  // int, uint or double, each operand by itself; never a result
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kType,
  kDyn,
  kA,
  kB,
  kListOfA,
  kMapOfAToB,
};

// What can be made of a constant second argument once, when the rule is compiled.
struct Prepared {
  std::shared_ptr<const RE2> pattern;
  absl::optional<absl::TimeZone> zone;
};

enum class Preparation : uint8_t { kNone, kRegularExpression, kTimeZone };

// What a function's implementation may use.
struct CallContext {
  Arena& arena;
  // The steps that are left: what takes or makes a lot pays for it. Below zero the evaluation ends.
  int64_t& steps;
  const Prepared* prepared = nullptr;
};

using Implementation = Value (*)(const CallContext& context, const Value* arguments);

// One line of the table of functions. A receiver is the first parameter.
struct Overload {
  static constexpr size_t kMaxParameters = 2;

  absl::string_view function;
  bool receiver = false;
  std::array<Pattern, kMaxParameters> parameters = {};
  uint8_t arity = 0;
  Pattern result = Pattern::kDyn;
  // One of the two: comparisons have a way of their own through the evaluator.
  Implementation run = nullptr;
  Relation relation = Relation::kNone;
  Preparation preparation = Preparation::kNone;
  // Not for the checker: takes dyn values that the static types would refuse.
  bool dynamic_only = false;
};

// The overloads of one name and call style.
struct Function {
  absl::string_view name;
  bool receiver = false;
  absl::Span<const Overload> overloads;
  std::string display;  // "`+`", "size()"

  bool is_operator() const { return display.back() != ')'; }
};

// Every function and operator, each with its overloads side by side. THE table: a function that is not in it does not
// exist.
absl::Span<const Function> Functions();

// The index into Functions(); -1 where there is none.
int FindFunction(absl::string_view name, bool receiver);

// Whether a value of this kind fits the pattern in evaluation.
bool Fits(Pattern pattern, Kind kind);

// "size(string)", "string.contains(string)". REQUIRES: no operator.
std::string Signature(const Overload& overload);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_FUNCTIONS_H_
