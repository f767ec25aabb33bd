#ifndef WAYMARK_TESTS_SEGMENTATION_EXPRESSION_FAKE_FACTS_H_
#define WAYMARK_TESTS_SEGMENTATION_EXPRESSION_FAKE_FACTS_H_

#include <map>
#include <string>
#include <vector>

#include "segmentation/expression/environment.h"
#include "segmentation/expression/program.h"

namespace waymark::expression {

// Facts that a test declares and sets: variables by name, and one fact function, count(event string, window duration),
// of type int. Single-threaded.
class FakeFacts : public Environment, public Activation {
 public:
  // Declares a variable that is not known until it is set.
  FakeFacts& Declare(absl::string_view name, Type type);
  FakeFacts& Set(absl::string_view name, const Value& value);
  // What count(event, window) gives; 0 where it was not set.
  FakeFacts& SetCount(absl::string_view event, absl::Duration window, int64_t count);

  absl::optional<FactReference> Variable(absl::string_view name) override;
  bool HasFunction(absl::string_view name) const override { return name == "count" || name == "shop.visits"; }
  CallResult Call(absl::string_view name, absl::Span<const Value> arguments) override;
  std::vector<std::string> Names() const override;
  Value Fact(int slot) override;

  // How often Fact() was called.
  int reads() const { return reads_; }

 private:
  struct Slot {
    std::string name;
    Type type = Type::Dyn();
    Value value;
    std::string missing;  // the message, where there is no value
  };
  int Add(absl::string_view name, Type type, const Value& value);

  std::vector<Slot> slots_;
  int reads_ = 0;
};

// The facts that most tests use: customer.age 42, customer.country "AT", customer.email (string, not known),
// customer.tags ["new", "vip"], spend 812.5, orders 7u, now 2024-02-29T12:00:00Z, context {"page": "cart", "items": 3}
// (map of dyn), broken (an error of kOverflow), and any (dyn, int 5). count("purchase", days(30)) is 3.
FakeFacts ShopFacts();

// DebugString of what the rule gives; "issue: " and the first issue where it does not compile.
std::string Evaluated(absl::string_view rule, FakeFacts& facts, const CompileOptions& options = {});
std::string Evaluated(absl::string_view rule);

}  // namespace waymark::expression

#endif  // WAYMARK_TESTS_SEGMENTATION_EXPRESSION_FAKE_FACTS_H_
