#ifndef WAYMARK_SEGMENTATION_EXPRESSION_ENVIRONMENT_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_ENVIRONMENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/expression/type.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

// A fact is something outside the language that a rule may mention: a variable ("customer.age", "now") or a function of
// constants ("count('purchase', days(30))"). Compiling a rule turns each mention into a slot; evaluating asks an
// Activation for the slot's value. Equal mentions in several rules share a slot, so that a fact is read once a profile.
struct FactReference {
  int slot = 0;
  Type type = Type::Dyn();
};

// What rules may mention: the names' meaning is injected, so that checking and evaluation are pure and know nothing of
// profiles.
class Environment {
 public:
  virtual ~Environment() = default;

  // The variable of this dotted name; nullopt where there is none. The checker tries the longest prefix of `a.b.c`
  // first.
  virtual absl::optional<FactReference> Variable(absl::string_view name) = 0;

  // Whether there is a fact function of this name.
  virtual bool HasFunction(absl::string_view name) const = 0;

  // What the call means. `arguments` are the values of the call's constant arguments, checked against nothing yet.
  // Errors: INVALID_ARGUMENT with a message for the rule's author, `argument` naming which one it is about where it is
  // about one.
  struct CallProblem {
    std::string message;
    int argument = -1;
  };
  struct CallResult {
    absl::optional<FactReference> fact;  // where the call is sound
    CallProblem problem;                 // otherwise
  };
  virtual CallResult Call(absl::string_view name, absl::Span<const Value> arguments) = 0;

  // Every variable and function name, for "did you mean".
  virtual std::vector<std::string> Names() const = 0;
};

// The facts of one evaluation.
class Activation {
 public:
  virtual ~Activation() = default;
  // The fact's value; an error of kMissing where it is not known. Called at most once a mention.
  virtual Value Fact(int slot) = 0;

  // The same, without a call where the activation remembers the value.
  Value Read(int slot) {
    if (remembered_ != nullptr && remembered_[slot].known) return remembered_[slot].value;
    return Fact(slot);
  }

 protected:
  struct Remembered {
    Value value;  // where `known`
    bool known = false;
  };
  // By slot; for activations that remember what they have read. Borrowed.
  const Remembered* remembered_ = nullptr;
};

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_ENVIRONMENT_H_
