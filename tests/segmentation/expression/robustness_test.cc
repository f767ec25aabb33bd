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

namespace waymark::expression {
namespace {

constexpr absl::string_view kSeeds[] = {
    "customer.age >= 18 && customer.country in ['DE', \"AT\"] || !has(customer.email)",
    "count('purchase', days(30)) > 2 ? spend * 1.5e1 : -spend / 0x1Fu",
    "customer.tags.filter(t, t.matches('^v.*\\x70$')).map(t, size(t) > 1, {'k': t, 2u: [t]}).exists(m, m.k == r'\\d')",
    "now - duration('1h30m') < timestamp('2024-02-29T12:00:00.5+01:00') && now.getHours('Europe/Berlin') % 2 == 0",
    "[1, 2.0, null, b'\\xff', type(any), {}][any] == dyn(context.`page`) || .spend != .any // comment",
    "'''tri'ple\n''' + \"\"\"x\"\"\" + string(9223372036854775807 - 1) + 'ä€😀\\u00e4\\U0001F600'",
    "[[1, 2], []].all(l, l.exists_one(n, n == 1) || l == []) && has({'a': {'b': 1}}.a.b)",
};
constexpr absl::string_view kPieces[] = {"(",    ")",  "[",    "]",    "{",    "}",  "'",    "\"", "\\", ".",
                                         ",",    "?",  ":",    " && ", " || ", "!",  "-",    "+",  "*",  "/",
                                         "%",    "==", "<",    " in ", "has(", "0",  "1.5e", "0x", "u",  "any",
                                         "null", "\n", "\xff", "`",    "x",    "{{", "}}"};

std::string RandomRule(std::mt19937& random) {
  std::string rule(kSeeds[random() % std::size(kSeeds)]);
  for (int edits = static_cast<int>(random() % 5); edits >= 0; --edits) {
    const size_t at = random() % (rule.size() + 1);
    switch (random() % 4) {
      case 0:
        rule.erase(at, 1 + random() % 8);
        break;
      case 1:
        rule.insert(at, kPieces[random() % std::size(kPieces)].data());
        break;
      case 2: {
        const absl::string_view other = kSeeds[random() % std::size(kSeeds)];
        rule.insert(at, std::string(other.substr(random() % other.size(), random() % 20)));
        break;
      }
      default:
        rule = rule.substr(at) + rule.substr(0, at);
    }
  }
  return rule;
}

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
    const std::string rule = RandomRule(random);
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
    const std::string text = "a {{" + RandomRule(random) + "}} ä {{" + RandomRule(random) + "}}";
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
    const std::string rule = RandomRule(random);
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
