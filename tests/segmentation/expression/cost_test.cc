#include "segmentation/expression/cost.h"

#include <limits>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "segmentation/expression/evaluator.h"
#include "segmentation/expression/program.h"
#include "tests/segmentation/expression/fake_facts.h"
#include "tests/segmentation/expression/random_rules.h"

namespace waymark::expression {
namespace {

int64_t BoundOf(absl::string_view rule) {
  FakeFacts facts = ShopFacts();
  const Compilation compiled = Compile(rule, facts);
  if (!compiled.program) ADD_FAILURE() << rule << ": " << compiled.issues[0].message;
  return compiled.program ? compiled.program->cost_bound() : -1;
}

// What the evaluator charges: a step for each element of a range and each node of the body, for each element that is
// compared or copied, for 64 bytes of text that a function reads.
TEST(CostTest, Table) {
  const struct {
    const char* rule;
    int64_t bound;
  } kTable[] = {
      {"1 + 2", 0},
      {"customer.age + 2 > 3 && customer.age < 5", 2},
      {"customer.country == 'AT'", 1},
      {"customer.country + customer.country", 8},  // 256 bytes each
      {"customer.tags + customer.tags", 128},      // 64 elements each
      {"customer.tags == customer.tags", 65},
      {"customer.tags == ['a', 'b']", 3},
      {"customer.country in ['a', 'b', 'c']", 3},
      {"customer.country in customer.tags", 64},
      {"customer.tags.exists(t, t == 'a')", 64 * (1 + 3 + 1)},  // three nodes, one comparison
      {"[1, 2, 3, customer.age].all(x, x > 0)", 4 * (1 + 3 + 1)},
      {"customer.tags.filter(t, t != '').all(t, t != 'x')", 64 / 4 + 2 * 64 * (1 + 3 + 1)},
      {"customer.tags.map(t, [t, t]).all(l, l == ['a'])", 64 / 4 + 64 * (1 + 3) + 64 * (1 + 3 + 2)},
      {"customer.tags.all(a, customer.tags.all(b, a == b))", 64 * (1 + 5 + 64 * (1 + 3 + 1))},
      {"customer.country.matches(customer.country)", 4 + 4 + 2000},
      {"customer.country.matches('a+')", 4},
      {"now.getHours(customer.country)", 4 + 50},
      {"{'a': customer.age, 'b': 2}.a", 2 + 2},
      {"customer.age > 1 ? customer.tags + ['a'] : ['b']", 1 + 65},
      {"string(customer.age) + 'a'", 0},
  };
  for (const auto& [rule, bound] : kTable) EXPECT_EQ(BoundOf(rule), bound) << rule;
}

TEST(CostTest, Saturates) {
  std::string rule = "[string(any)]";
  for (int i = 0; i < 60; ++i) rule += ".map(x, x + x)";
  EXPECT_GT(BoundOf(rule), int64_t{1} << 50);
  rule = "[[any]]";
  for (int i = 0; i < 80; ++i) rule += ".map(x, [x, x])";
  EXPECT_EQ(BoundOf(absl::StrCat(rule, " == ", rule)), std::numeric_limits<int64_t>::max());
}

// A constant that holds one list many times over is small, and long to compare.
TEST(CostTest, Constants) {
  std::string rule = "[[1]]";
  for (int i = 0; i < 70; ++i) rule += ".map(x, [x, x])";
  EXPECT_EQ(BoundOf(absl::StrCat("dyn(customer.tags) == dyn(", rule, ")")), 65);
  EXPECT_EQ(BoundOf(absl::StrCat("dyn(", rule, ").filter(x, customer.age > 1) == dyn(", rule, ")")),
            std::numeric_limits<int64_t>::max());
}

TEST(CostTest, EvaluationStaysBelow) {
  std::mt19937 random(31);
  int charged = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::string rule = round % 4 == 0 ? RandomText(random) : RandomRule(random, 1 + round % 6);
    FakeFacts facts = ShopFacts();
    const Compilation compiled = Compile(rule, facts, absl::nullopt, {.check_types = round % 2 == 0});
    if (!compiled.program) continue;
    Arena arena;
    const int64_t steps = compiled.program->CountSteps(facts, arena);
    EXPECT_LE(steps, compiled.program->cost_bound()) << rule;
    if (steps > 20) ++charged;
  }
  EXPECT_GT(charged, 1000);
}

// Facts of the largest size that is allowed, of which the bound is made.
TEST(CostTest, LargestFacts) {
  const std::string text(kMaxFactTextBytes, 'a');
  std::vector<Value> elements(kMaxFactElements, Value::String(text));
  const ListValue list{absl::MakeConstSpan(elements)};
  FakeFacts facts = ShopFacts();
  facts.Set("customer.tags", Value::List(&list)).Set("customer.country", Value::String(text));
  std::mt19937 random(32);
  int near = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string rule = RandomRule(random, 4);
    const Compilation compiled = Compile(rule, facts);
    ASSERT_TRUE(compiled.program) << rule << ": " << compiled.issues[0].message;
    if (compiled.program->cost_bound() > kMaxSteps) continue;
    Arena arena;
    const int64_t steps = compiled.program->CountSteps(facts, arena);
    EXPECT_LE(steps, compiled.program->cost_bound()) << rule;
    if (2 * steps >= compiled.program->cost_bound()) ++near;
  }
  EXPECT_GT(near, 100);
}

}  // namespace
}  // namespace waymark::expression
