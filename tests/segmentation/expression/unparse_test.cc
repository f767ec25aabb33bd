#include "segmentation/expression/unparse.h"

#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "segmentation/expression/parser.h"
#include "tests/segmentation/expression/fake_facts.h"
#include "tests/segmentation/expression/random_rules.h"

namespace waymark::expression {
namespace {

bool SameLiteral(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.kind() != Kind::kDouble) return Equal(a, b);
  return a.double_value() == b.double_value() && std::signbit(a.double_value()) == std::signbit(b.double_value());
}

// But for where in the text the nodes stand.
bool SameTree(const Ast& a, ExprId a_id, const Ast& b, ExprId b_id) {
  const Expr& left = a[a_id];
  const Expr& right = b[b_id];
  if (left.kind != right.kind || left.macro != right.macro || left.receiver != right.receiver ||
      left.rooted != right.rooted || left.quoted != right.quoted || left.name != right.name ||
      left.children.size() != right.children.size() || !SameLiteral(left.literal, right.literal)) {
    return false;
  }
  for (size_t i = 0; i < left.children.size(); ++i) {
    if (!SameTree(a, left.children[i], b, right.children[i])) return false;
  }
  return true;
}

void ExpectRoundTrip(const std::string& rule) {
  Arena arena;
  const Parsed parsed = Parse(rule, arena);
  if (parsed.problem) return;
  const std::string text = Unparse(parsed.ast, parsed.ast.root);
  if (text.size() > kMaxSourceBytes) return;
  const Parsed again = Parse(text, arena);
  ASSERT_FALSE(again.problem) << rule << "\n" << text << "\n" << again.problem->message;
  EXPECT_TRUE(SameTree(parsed.ast, parsed.ast.root, again.ast, again.ast.root)) << rule << "\n" << text;
  EXPECT_EQ(Unparse(again.ast, again.ast.root), text) << rule;
}

TEST(UnparseTest, Canonical) {
  const struct {
    const char* rule;
    const char* text;
  } kTable[] = {
      {"(a)&&( b||c )", "a && (b || c)"},
      {"(a && b) && c", "(a && b) && c"},
      {"a && b || c && d", "a && b || c && d"},
      {"a||(b&&c)", "a || b && c"},
      {"1+(2*3)-(4-5)", "1 + 2 * 3 - (4 - 5)"},
      {"(1+2)*3", "(1 + 2) * 3"},
      {"(a<b)==(c<d)", "a < b == (c < d)"},
      {"(a ? b : c) ? d : (e ? f : g)", "(a ? b : c) ? d : e ? f : g"},
      {"a ? (b ? c : d) : e", "a ? (b ? c : d) : e"},
      {"!(a&&b)", "!(a && b)"},
      {"!!a", "!!a"},
      {"-(-7)", "--7"},
      {"-(7)", "-(7)"},
      {"-(7.f())", "-(7.f())"},
      {"-7.f()", "-7.f()"},
      {"-(7u)", "-(7u)"},
      {"(-x).f()", "(-x).f()"},
      {"-x.f()", "-x.f()"},
      {"a - -1", "a - -1"},
      {"-0.0", "-0.0"},
      {"1e100", "1e+100"},
      {"0x1F", "31"},
      {"5e-324", "5e-324"},
      {"-9223372036854775808", "-9223372036854775808"},
      {R"("it's" + 'say "hi"' + r'\d')", R"('it\'s' + 'say \"hi\"' + '\\d')"},
      {"'''a\nb'''", R"('a\nb')"},
      {"b'\\xffa'", R"(b'\xff\x61')"},
      {"'ä\\000'", R"('ä\000')"},
      {".a.b[0].`c d`", ".a.b[0].`c d`"},
      {"[ 1,(a?b:c) ,]", "[1, a ? b : c]"},
      {"{'a':1,b:(c||d)}", "{'a': 1, b: c || d}"},
      {"[].map(x,x>1,x*2)", "[].map(x, x > 1, x * 2)"},
      {"l.existsOne(x,x==1)", "l.exists_one(x, x == 1)"},
      {"has(a.b) && !(c in [1])", "has(a.b) && !(c in [1])"},
      {"count('purchase',days(30))", "count('purchase', days(30))"},
      {"(a+b).size()", "(a + b).size()"},
      {"{}", "{}"},
  };
  for (const auto& [rule, text] : kTable) {
    Arena arena;
    const Parsed parsed = Parse(rule, arena);
    ASSERT_FALSE(parsed.problem) << rule;
    EXPECT_EQ(Unparse(parsed.ast, parsed.ast.root), text);
    ExpectRoundTrip(rule);
  }
}

TEST(UnparseTest, ParsingAgainGivesTheSameTree) {
  std::mt19937 random(21);
  for (int round = 0; round < 20000; ++round) ExpectRoundTrip(RandomText(random));
  for (int round = 0; round < 5000; ++round) ExpectRoundTrip(RandomRule(random, 5));
}

// So nesting at its limit stays within it.
TEST(UnparseTest, AddsNoParentheses) {
  std::string rule = "x";
  for (int i = 0; i < 62; ++i) rule = "(-" + rule + ").f()";
  ExpectRoundTrip(rule);
  Arena arena;
  EXPECT_FALSE(Parse(rule, arena).problem);
}

}  // namespace
}  // namespace waymark::expression
