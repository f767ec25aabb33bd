// Random rules of logic, conditionals and comparisons over facts that may be unknown, against a small evaluation of
// their own trees. What the compiler folds, drops and joins must not change what a rule gives.

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/segmentation/expression/fake_facts.h"

namespace waymark::expression {
namespace {

enum class Truth { kFalse, kTrue, kError };

constexpr int kFacts = 4;

struct Tree {
  enum Form { kConstant, kFact, kHas, kNot, kAnd, kOr, kIf, kSame } form = kConstant;
  Truth truth = Truth::kTrue;  // kConstant; an error is written 1 / 0 == 1
  int fact = 0;
  std::vector<Tree> children;
};

Tree RandomTree(std::mt19937& random, int depth) {
  Tree tree;
  tree.form = static_cast<Tree::Form>(random() % (depth > 0 ? 8 : 3));
  tree.truth = static_cast<Truth>(random() % 3);
  tree.fact = static_cast<int>(random() % kFacts);
  const int children[] = {0, 0, 0, 1, 2 + static_cast<int>(random() % 3), 2 + static_cast<int>(random() % 3), 3, 2};
  for (int i = 0; i < children[tree.form]; ++i) tree.children.push_back(RandomTree(random, depth - 1));
  return tree;
}

std::string Text(const Tree& tree) {
  constexpr absl::string_view kConstants[] = {"false", "true", "(1 / 0 == 1)"};
  const auto joined = [&](absl::string_view symbol) {
    std::string text = absl::StrCat("(", Text(tree.children[0]));
    for (size_t i = 1; i < tree.children.size(); ++i) absl::StrAppend(&text, symbol, Text(tree.children[i]));
    return text + ")";
  };
  switch (tree.form) {
    case Tree::kConstant:
      return std::string(kConstants[static_cast<size_t>(tree.truth)]);
    case Tree::kFact:
      return absl::StrCat("f", tree.fact);
    case Tree::kHas:
      return absl::StrCat("has(f", tree.fact, ")");
    case Tree::kNot:
      return absl::StrCat("!", Text(tree.children[0]));
    case Tree::kAnd:
      return joined(" && ");
    case Tree::kOr:
      return joined(" || ");
    case Tree::kIf:
      return absl::StrCat("(", Text(tree.children[0]), " ? ", Text(tree.children[1]), " : ", Text(tree.children[2]),
                          ")");
    case Tree::kSame:
      return joined(" == ");
  }
  return "";
}

Truth Negated(Truth truth) {
  return truth == Truth::kError ? truth : truth == Truth::kTrue ? Truth::kFalse : Truth::kTrue;
}

Truth Evaluate(const Tree& tree, const std::vector<Truth>& facts);

Truth Row(const Tree& tree, const std::vector<Truth>& facts, Truth deciding) {
  Truth result = Negated(deciding);
  for (const Tree& child : tree.children) {
    const Truth term = Evaluate(child, facts);
    if (term == deciding) return deciding;
    if (term == Truth::kError) result = Truth::kError;
  }
  return result;
}

Truth Evaluate(const Tree& tree, const std::vector<Truth>& facts) {
  switch (tree.form) {
    case Tree::kConstant:
      return tree.truth;
    case Tree::kFact:
      return facts[static_cast<size_t>(tree.fact)];
    case Tree::kHas:
      return facts[static_cast<size_t>(tree.fact)] == Truth::kError ? Truth::kFalse : Truth::kTrue;
    case Tree::kNot:
      return Negated(Evaluate(tree.children[0], facts));
    case Tree::kAnd:
      return Row(tree, facts, Truth::kFalse);
    case Tree::kOr:
      return Row(tree, facts, Truth::kTrue);
    case Tree::kIf: {
      const Truth condition = Evaluate(tree.children[0], facts);
      if (condition == Truth::kError) return condition;
      return Evaluate(tree.children[condition == Truth::kTrue ? 1 : 2], facts);
    }
    case Tree::kSame: {
      const Truth a = Evaluate(tree.children[0], facts);
      const Truth b = Evaluate(tree.children[1], facts);
      if (a == Truth::kError || b == Truth::kError) return Truth::kError;
      return a == b ? Truth::kTrue : Truth::kFalse;
    }
  }
  return Truth::kError;
}

Truth TruthOf(const Value& value) {
  if (value.is_error()) return Truth::kError;
  return value.holds() ? Truth::kTrue : Truth::kFalse;
}

TEST(LogicPropertyTest, LikeTheReference) {
  std::mt19937 random(7);
  const Value kValues[] = {Value::Bool(false), Value::Bool(true), Value::Error(ErrorCode::kMissing, "")};
  for (int round = 0; round < 3000; ++round) {
    const Tree tree = RandomTree(random, 4);
    const std::string rule = Text(tree);
    FakeFacts facts;
    for (int i = 0; i < kFacts; ++i) facts.Declare(absl::StrCat("f", i), Type::Of(Kind::kBool));
    for (const bool check_types : {true, false}) {
      const Compilation compiled = Compile(rule, facts, Type::Of(Kind::kBool), {.check_types = check_types});
      ASSERT_TRUE(compiled.program) << rule << ": " << compiled.issues[0].message;
      for (int assignment = 0; assignment < 5; ++assignment) {
        std::vector<Truth> truths;
        for (int i = 0; i < kFacts; ++i) {
          truths.push_back(static_cast<Truth>(random() % 3));
          facts.Set(absl::StrCat("f", i), kValues[static_cast<size_t>(truths.back())]);
        }
        Arena arena;
        ASSERT_EQ(TruthOf(compiled.program->Evaluate(facts, arena)), Evaluate(tree, truths)) << rule;
      }
    }
  }
}

}  // namespace
}  // namespace waymark::expression
