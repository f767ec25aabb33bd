#include "segmentation/expression/parser.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "segmentation/expression/position.h"
#include "segmentation/expression/program.h"

namespace waymark::expression {
namespace {

// The tree in prefix form: (name child child …).
std::string Shown(const Ast& ast, ExprId id) {
  const Expr& expr = ast[id];
  constexpr absl::string_view kMacros[] = {"all", "exists", "exists_one", "map", "filter"};
  std::vector<std::string> parts;
  switch (expr.kind) {
    case ExprKind::kLiteral:
      return DebugString(expr.literal);
    case ExprKind::kName:
      return absl::StrCat(expr.rooted ? "." : "", expr.name);
    case ExprKind::kSelect:
      parts = {absl::StrCat(".", expr.name)};
      break;
    case ExprKind::kCall:
      parts = {absl::StrCat(expr.receiver ? "~" : "", expr.name)};
      break;
    case ExprKind::kAnd:
      parts = {"and"};
      break;
    case ExprKind::kOr:
      parts = {"or"};
      break;
    case ExprKind::kConditional:
      parts = {"if"};
      break;
    case ExprKind::kList:
      parts = {"list"};
      break;
    case ExprKind::kMap:
      parts = {"map"};
      break;
    case ExprKind::kHas:
      parts = {"has"};
      break;
    case ExprKind::kComprehension:
      parts = {absl::StrCat("each-", kMacros[static_cast<size_t>(expr.macro)]), expr.name};
      break;
  }
  for (ExprId child : expr.children) parts.push_back(Shown(ast, child));
  return absl::StrCat("(", absl::StrJoin(parts, " "), ")");
}

// The tree, or the problem with its caret.
std::string ParsedAs(absl::string_view source) {
  Arena arena;
  const Parsed parsed = Parse(source, arena);
  if (!parsed.problem) return Shown(parsed.ast, parsed.ast.root);
  const Position position = PositionAt(source, parsed.problem->offset);
  return absl::StrCat(parsed.problem->message, "\n", Snippet(source, {position.line, position.column, ""}));
}

struct Case {
  absl::string_view source;
  absl::string_view tree;
};

class ParserTest : public testing::TestWithParam<Case> {};

TEST_P(ParserTest, Tree) { EXPECT_EQ(ParsedAs(GetParam().source), GetParam().tree); }

INSTANTIATE_TEST_SUITE_P(Precedence, ParserTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"1 + 2 * 3", "(_+_ 1 (_*_ 2 3))"},
                             {"(1 + 2) * 3", "(_*_ (_+_ 1 2) 3)"},
                             {"1 - 2 - 3", "(_-_ (_-_ 1 2) 3)"},
                             {"a / b % c", "(_%_ (_/_ a b) c)"},
                             {"a + 1 < b - 1", "(_<_ (_+_ a 1) (_-_ b 1))"},
                             {"a < b == c", "(_==_ (_<_ a b) c)"},
                             {"a in b && c", "(and (@in a b) c)"},
                             {"a || b && c || d", "(or a (and b c) d)"},
                             {"a && b && c", "(and a b c)"},
                             {"(a && b) && c", "(and (and a b) c)"},
                             {"a ? b : c ? d : e", "(if a b (if c d e))"},
                             {"a || b ? c : d", "(if (or a b) c d)"},
                             {"!a && !!b", "(and (!_ a) (!_ (!_ b)))"},
                             {"-a * b", "(_*_ (-_ a) b)"},
                             {"!a.b(c)[d]", "(!_ (_[_] (~b a c) d))"},
                         }));

INSTANTIATE_TEST_SUITE_P(Literals, ParserTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"-1", "-1"},
                             {"--1", "(-_ -1)"},
                             {"1-1", "(_-_ 1 1)"},
                             {"-9223372036854775808", "-9223372036854775808"},
                             {"-0x10", "-16"},
                             {"0xfFu", "255u"},
                             {"-2u", "(-_ 2u)"},
                             {"1.50", "1.5"},
                             {"-.5e1", "-5.0"},
                             {"1e-400", "0.0"},
                             {"true || false || null", "(or true false null)"},
                             {R"('\x41\101\u0041\U00000041\t')", "'AAAA\\t'"},
                             {R"('\uD83D\uDE00')", "'😀'"},
                             {R"(b'\x41\377ä')", R"(b'A\xff\xc3\xa4')"},
                             {R"(r'\d')", R"('\\d')"},
                             {"\"\"\"a\"b\"\"\"", R"('a\"b')"},
                         }));

INSTANTIATE_TEST_SUITE_P(Members, ParserTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"a.b.c", "(.c (.b a))"},
                             {".a.b", "(.b .a)"},
                             {"a.if", "(.if a)"},
                             {"a.`b-c`", "(.b-c a)"},
                             {"f()", "(f)"},
                             {"f(1, g(2))", "(f 1 (g 2))"},
                             {"a.f(1).g()", "(~g (~f a 1))"},
                             {"[]", "(list)"},
                             {"[1, 2,]", "(list 1 2)"},
                             {"{}", "(map)"},
                             {"{'a': 1, 2: [3],}", "(map 'a' 1 2 (list 3))"},
                             {"a[0][b]", "(_[_] (_[_] a 0) b)"},
                         }));

INSTANTIATE_TEST_SUITE_P(Macros, ParserTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"has(a.b)", "(has (.b a))"},
                             {"has(nps)", "(has nps)"},
                             {"l.all(x, x > 1)", "(each-all x l (_>_ x 1))"},
                             {"l.exists(x, x)", "(each-exists x l x)"},
                             {"l.exists_one(x, x)", "(each-exists_one x l x)"},
                             {"l.map(x, x + 1)", "(each-map x l (_+_ x 1))"},
                             {"l.map(x, x > 0, x + 1)", "(each-map x l (_+_ x 1) (_>_ x 0))"},
                             {"l.filter(x, x)", "(each-filter x l x)"},
                             {"all(x)", "(all x)"},
                             {"l.all(x)", "(~all l x)"},
                         }));

INSTANTIATE_TEST_SUITE_P(
    Problems, ParserTest,
    testing::ValuesIn(std::vector<Case>{
        {"", "the rule ends too early\n\n^"},
        {"a &&", "the rule ends too early\na &&\n    ^"},
        {"(a", "the rule ends too early\n(a\n  ^"},
        {"a b", "an operator is missing before this\na b\n  ^"},
        {"a +* b", "a value is missing here\na +* b\n   ^"},
        {"f(a,)", "an argument is missing after the comma\nf(a,)\n    ^"},
        {"f(a b)", "\",\" or \")\" is missing here\nf(a b)\n    ^"},
        {"{1}", "\":\" is missing here\n{1}\n  ^"},
        {"a ? b", "the rule ends too early\na ? b\n     ^"},
        {"a. 1", "the name of a field is missing after the dot\na. 1\n   ^"},
        {"a.in", "the name of a field is missing after the dot\na.in\n  ^"},
        {"if > 1", "`if` is a reserved word\nif > 1\n^"},
        {"a == in", "`in` cannot stand here\na == in\n     ^"},
        {"`a`", "only a field after a dot is written in backticks; texts are written in quotes\n`a`\n^"},
        {"M{a: 1}", "a rule cannot make messages\nM{a: 1}\n ^"},
        {"ä == 'ß' und", "a rule cannot hold this character here\nä == 'ß' und\n^"},
        {"'ß' == 'ß' x", "an operator is missing before this\n'ß' == 'ß' x\n           ^"},
        {"a &&\n\tb c", "an operator is missing before this\n\tb c\n\t  ^"},
        {"has(1)", "has() takes the name of a fact or a field, as in has(customer.age)\nhas(1)\n^"},
        {"l.all(1, x)",
         "the first argument of all() must be a name for the element, as in list.all(x, …)\nl.all(1, x)\n  ^"},
        {"9223372036854775808", "the number is too large for an int (64 bits)\n9223372036854775808\n^"},
        {"18446744073709551616u", "the number is too large for a uint (64 bits)\n18446744073709551616u\n^"},
        {"1e400", "the number is too large for a double\n1e400\n^"},
        {R"('\q')", "this escape after \\ is not known; write \\\\ for a backslash\n'\\q'\n^"},
        {R"('\uD800')", "the escape is no Unicode character\n'\\uD800'\n^"},
        {R"('\x4')", "the escape needs more digits\n'\\x4'\n^"},
        {R"(b'\u0041')", "this escape after \\ is not known; write \\\\ for a backslash\nb'\\u0041'\n^"},
    }));

TEST(ParserTest, RefusesBrokenUtf8) { EXPECT_EQ(ParsedAs("'\xff'").substr(0, 27), "the rule is not valid UTF-8"); }

}  // namespace
}  // namespace waymark::expression
