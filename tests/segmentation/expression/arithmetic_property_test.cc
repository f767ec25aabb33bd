// Integer arithmetic against 128 bits, over values near every edge and random ones.

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/segmentation/expression/fake_facts.h"

namespace waymark::expression {
namespace {

using Wide = __int128;

template <typename Number>
std::vector<Number> EdgesAndRandom() {
  using Limits = std::numeric_limits<Number>;
  std::vector<Number> numbers = {0,
                                 1,
                                 2,
                                 3,
                                 10,
                                 static_cast<Number>(Limits::max() / 2),
                                 static_cast<Number>(Limits::max() - 1),
                                 Limits::max(),
                                 Limits::min(),
                                 static_cast<Number>(Limits::min() + 1),
                                 static_cast<Number>(-1),
                                 static_cast<Number>(3037000500)};
  std::mt19937_64 random(42);
  for (int i = 0; i < 12; ++i) numbers.push_back(static_cast<Number>(random() >> (random() % 64)));
  return numbers;
}

// What the operation gives in exact arithmetic, as DebugString would show it.
template <typename Number>
std::string Expected(char operation, Number a, Number b) {
  if ((operation == '/' || operation == '%') && b == 0) return "error: division by zero";
  const Wide x = a;
  const Wide y = b;
  Wide result = 0;
  switch (operation) {
    case '+':
      result = x + y;
      break;
    case '-':
      result = x - y;
      break;
    case '*':
      // Of two uints it may leave 128 bits signed.
      if (y > 1 && x > (static_cast<Wide>(std::numeric_limits<int64_t>::max()) << 62) / y)
        return "error: the number is too large";
      result = x * y;
      break;
    case '/':
      result = x / y;
      break;
    default:
      if (x / y > static_cast<Wide>(std::numeric_limits<Number>::max())) return "error: the number is too large";
      result = x % y;
  }
  if (result < static_cast<Wide>(std::numeric_limits<Number>::min()) ||
      result > static_cast<Wide>(std::numeric_limits<Number>::max())) {
    return "error: the number is too large";
  }
  return absl::StrCat(static_cast<Number>(result), std::is_signed_v<Number> ? "" : "u");
}

template <typename Number>
void CheckAll(Value (*make)(Number)) {
  FakeFacts facts;
  facts.Declare("a", Type::Dyn()).Declare("b", Type::Dyn());
  for (char operation : {'+', '-', '*', '/', '%'}) {
    const Program program = *Compile(absl::StrCat("a ", std::string(1, operation), " b"), facts).program;
    for (Number a : EdgesAndRandom<Number>()) {
      for (Number b : EdgesAndRandom<Number>()) {
        facts.Set("a", make(a)).Set("b", make(b));
        Arena arena;
        EXPECT_EQ(DebugString(program.Evaluate(facts, arena)), Expected(operation, a, b)) << a << operation << b;
      }
    }
  }
}

TEST(ArithmeticPropertyTest, Ints) { CheckAll<int64_t>(&Value::Int); }

TEST(ArithmeticPropertyTest, Uints) { CheckAll<uint64_t>(&Value::Uint); }

}  // namespace
}  // namespace waymark::expression
