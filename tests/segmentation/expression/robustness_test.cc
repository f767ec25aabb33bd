// Rules made by cutting and joining others at random: whatever the text, it is compiled and evaluated, or there are
// issues within it.

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "segmentation/expression/position.h"
#include "segmentation/expression/program.h"
#include "segmentation/expression/template.h"
#include "segmentation/expression/utf8.h"
#include "tests/segmentation/expression/fake_facts.h"
#include "tests/segmentation/expression/random_rules.h"

namespace waymark::expression {
namespace {

void ExpectWithin(absl::string_view text, const std::vector<Issue>& issues) {
  ASSERT_FALSE(issues.empty()) << text;
  for (const Issue& issue : issues) {
    EXPECT_FALSE(issue.message.empty()) << text;
    EXPECT_GE(issue.line, 1) << text;
    const absl::string_view line = LineAt(text, issue.line);
    EXPECT_GE(issue.column, 1) << text;
    if (IsValidUtf8(text)) {
      EXPECT_LE(issue.column, CountCodePoints(line) + 1) << text << "\n" << issue.message;
    }
    EXPECT_NE(Snippet(text, issue).find('^'), std::string::npos);
  }
}

TEST(RobustnessTest, AnyTextIsARuleOrHasIssues) {
  std::mt19937 random(11);
  int compiled_rules = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::string rule = RandomText(random);
    FakeFacts facts = ShopFacts();
    const Compilation compiled = Compile(rule, facts, absl::nullopt, {.check_types = round % 2 == 0});
    if (!compiled.program) {
      ExpectWithin(rule, compiled.issues);
      continue;
    }
    ++compiled_rules;
    EXPECT_TRUE(compiled.issues.empty());
    Arena arena;
    const Value value = compiled.program->Evaluate(facts, arena);
    EXPECT_EQ(value.is_error(), DebugString(value).substr(0, 7) == "error: ") << rule;
    Arena second;
    EXPECT_EQ(DebugString(compiled.program->Evaluate(facts, second)), DebugString(value)) << rule;
  }
  EXPECT_GT(compiled_rules, 500);
}

TEST(RobustnessTest, AnyTextIsATemplateOrHasIssues) {
  std::mt19937 random(12);
  for (int round = 0; round < 5000; ++round) {
    const std::string text = "a {{" + RandomText(random) + "}} ä {{" + RandomText(random) + "}}";
    FakeFacts facts = ShopFacts();
    const TemplateCompilation compiled = CompileTemplate(text, facts);
    if (!compiled.text) {
      ExpectWithin(text, compiled.issues);
      continue;
    }
    Arena arena;
    EXPECT_EQ(compiled.text->Render(facts, arena, EscapeHtml, "-").ok(),
              compiled.text->Render(facts, arena, EscapeHtml, "-").ok());
  }
}

// Checking only refuses: what compiles with types gives the same without.
TEST(RobustnessTest, TypesDoNotChangeValues) {
  std::mt19937 random(13);
  for (int round = 0; round < 10000; ++round) {
    const std::string rule = RandomText(random);
    FakeFacts facts = ShopFacts();
    const Compilation typed = Compile(rule, facts);
    if (!typed.program) continue;
    const Compilation untyped = Compile(rule, facts, absl::nullopt, {.check_types = false});
    ASSERT_TRUE(untyped.program) << rule;
    Arena arena;
    EXPECT_EQ(DebugString(typed.program->Evaluate(facts, arena)), DebugString(untyped.program->Evaluate(facts, arena)))
        << rule;
  }
}

}  // namespace
}  // namespace waymark::expression
