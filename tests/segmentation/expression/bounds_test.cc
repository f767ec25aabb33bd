#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "segmentation/expression/program.h"
#include "tests/segmentation/expression/fake_facts.h"

namespace waymark::expression {
namespace {

std::string Repeated(absl::string_view part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) absl::StrAppend(&text, part);
  return text;
}

// A rule over the fact `any`, so that it is evaluated and not folded.
std::string WithFact(absl::string_view rule) { return Evaluated(rule); }

TEST(BoundsTest, SourceSize) {
  EXPECT_EQ(Evaluated(absl::StrCat("'", std::string(16 * 1024 - 2, 'a'), "' == ''")),
            "issue: the rule is too long: at most 16384 bytes");
  EXPECT_EQ(Evaluated(absl::StrCat("'", std::string(16 * 1024 - 8, 'a'), "' == ''")), "false");
}

TEST(BoundsTest, Nesting) {
  EXPECT_EQ(Evaluated(Repeated("(", 63) + "1" + Repeated(")", 63)), "1");
  EXPECT_EQ(Evaluated(Repeated("(", 64) + "1" + Repeated(")", 64)), "issue: nested too deeply: at most 64 levels");
  EXPECT_EQ(Evaluated("size(" + Repeated("[", 62) + Repeated("]", 62) + ")"), "1");
  EXPECT_EQ(Evaluated(Repeated("[", 5000)), "issue: nested too deeply: at most 64 levels");
  EXPECT_EQ(Evaluated(Repeated("f(", 5000)), "issue: nested too deeply: at most 64 levels");
}

TEST(BoundsTest, RowsOfOperators) {
  EXPECT_EQ(WithFact("any" + Repeated(" + 1", 500)), "505");
  EXPECT_EQ(WithFact("any" + Repeated(" + 1", 520)), "issue: too many operators in a row: at most about 512");
  EXPECT_EQ(WithFact(Repeated("!", 2000) + "true"), "issue: too many operators in a row: at most about 512");
  EXPECT_EQ(WithFact("any == 5" + Repeated(" && any == 5", 1000)), "true");
}

TEST(BoundsTest, Nodes) {
  EXPECT_EQ(WithFact("size([any" + Repeated(",1", 4093) + "])"), "4094");
  EXPECT_EQ(WithFact("size([any" + Repeated(",1", 4094) + "])"),
            "issue: the rule is too long: at most 4096 names, values and operators");
}

constexpr absl::string_view kTen = "[0, 1, 2, 3, 4, 5, 6, 7, 8, any]";

TEST(BoundsTest, StepsOfNestedMacros) {
  const auto nested = [](int depth) {
    std::string rule = "true";
    for (int i = 0; i < depth; ++i) rule = absl::StrCat(kTen, ".all(x", i, ", ", rule, ")");
    return WithFact(rule);
  };
  EXPECT_EQ(nested(3), "true");
  EXPECT_EQ(nested(7), "error: the rule takes too many steps");
}

TEST(BoundsTest, LongBodiesTakeMoreSteps) {
  const auto nested = [](int terms) {
    std::string rule = "any == 5" + Repeated(" && any == 5", terms - 1);
    for (int i = 0; i < 4; ++i) rule = absl::StrCat(kTen, ".all(x", i, ", ", rule, ")");
    return WithFact(rule);
  };
  EXPECT_EQ(nested(1), "true");
  EXPECT_EQ(nested(100), "error: the rule takes too many steps");
}

// Each turn doubles; without a bound forty of them would fill any memory.
TEST(BoundsTest, StepsOfTextsThatDouble) {
  EXPECT_EQ(WithFact("[string(any)]" + Repeated(".map(x, x + x)", 40) + ".size()"),
            "error: the rule takes too many steps");
  EXPECT_EQ(WithFact("[bytes(string(any))]" + Repeated(".map(x, x + x)", 40) + ".size()"),
            "error: the rule takes too many steps");
  EXPECT_EQ(WithFact("[string(any)]" + Repeated(".map(x, x + x)", 10) + ".map(x, x.size())"), "[1024]");
}

TEST(BoundsTest, StepsOfListsThatDouble) {
  EXPECT_EQ(WithFact("[[any]]" + Repeated(".map(x, x + x)", 40) + ".size()"), "error: the rule takes too many steps");
}

// Lists that hold one list twice are small to make, and long to compare.
TEST(BoundsTest, StepsOfEquality) {
  const std::string doubled = "[[any]]" + Repeated(".map(x, [x, x])", 40);
  EXPECT_EQ(WithFact(absl::StrCat(doubled, " == ", doubled)), "error: the rule takes too many steps");
  EXPECT_EQ(WithFact(absl::StrCat(doubled, "[0] in ", doubled)), "error: the rule takes too many steps");
  EXPECT_EQ(WithFact(absl::StrCat(doubled, ".size()")), "1");
}

TEST(BoundsTest, StepsOfRegularExpressionsMadeInEvaluation) {
  std::string rule = "'a'.matches(string(any) + string(x0))";
  for (int i = 0; i < 4; ++i) rule = absl::StrCat(kTen, ".exists(x", i, ", ", rule, ")");
  EXPECT_EQ(WithFact(rule), "error: the rule takes too many steps");
}

// What is constant is evaluated when it is compiled, within the same bound.
TEST(BoundsTest, StepsOfConstants) {
  EXPECT_EQ(Evaluated("['a']" + Repeated(".map(x, x + x)", 60) + ".size() > any"),
            "error: the rule takes too many steps");
}

class CountingFacts : public FakeFacts {
 public:
  absl::optional<FactReference> Variable(absl::string_view name) override {
    ++lookups;
    return FakeFacts::Variable(name);
  }
  int lookups = 0;
};

// A long row of selections took the cube of its length.
TEST(BoundsTest, EachPrefixIsLookedUpOnce) {
  for (const char* root : {"context", "context.page", "nothing"}) {
    CountingFacts facts;
    facts.Declare("context", Type::Dyn()).Declare("context.page", Type::Dyn());
    Compile(absl::StrCat(root, Repeated(".x", 500)), facts);
    EXPECT_LE(facts.lookups, 504);
  }
}

// All of a rule's constants together: a short text must not take long to compile.
TEST(BoundsTest, StepsOfAllConstants) {
  std::string large = "x0 + x4 >= 0";
  for (int i = 0; i < 5; ++i) large = absl::StrCat("[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].all(x", i, ", ", large, ")");
  FakeFacts facts = ShopFacts();
  const auto bound_of = [&facts](const std::string& rule) { return Compile(rule, facts).program->cost_bound(); };
  EXPECT_EQ(bound_of(large), 0);
  const std::string twice = absl::StrCat(large, " && ", large);
  EXPECT_GT(bound_of(twice), 100'000);
  EXPECT_EQ(Evaluated(twice), "true");
}

TEST(BoundsTest, DebugStringsAreCut) {
  FakeFacts facts = ShopFacts();
  const std::string rule = "[[any]]" + Repeated(".map(x, [x, x])", 40);
  EXPECT_LT(Evaluated(rule, facts).size(), 100u * 1024);
}

}  // namespace
}  // namespace waymark::expression
