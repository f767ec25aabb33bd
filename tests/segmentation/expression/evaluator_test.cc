#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "segmentation/expression/program.h"
#include "tests/segmentation/expression/fake_facts.h"

namespace waymark::expression {
namespace {

struct Case {
  absl::string_view rule;
  absl::string_view value;  // DebugString
};

class EvaluatorTest : public testing::TestWithParam<Case> {};

// Facts keep the compiler from folding what is tested here; `any` is of type dyn, which keeps the checker from refusing
// it.
TEST_P(EvaluatorTest, Value) { EXPECT_EQ(Evaluated(GetParam().rule), GetParam().value); }

INSTANTIATE_TEST_SUITE_P(Facts, EvaluatorTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"customer.age >= 18 && customer.country in ['DE', 'AT']", "true"},
                             {"customer.age + 1", "43"},
                             {"spend / 2.0", "406.25"},
                             {"orders * 2u", "14u"},
                             {"spend > 800", "true"},
                             {"now - days(29) < now", "true"},
                             {"now.getFullYear()", "2024"},
                             {"'vip' in customer.tags", "true"},
                             {"customer.tags[1]", "'vip'"},
                             {"customer.tags[any]", "error: the list has no element at this index"},
                             {"context.page == 'cart'", "true"},
                             {"context['items'] + 1", "4"},
                             {"context.nothing", "error: there is no field \"nothing\""},
                             {"context['nothing']", "error: the map has no such key"},
                             {"'page' in context", "true"},
                             {"any + 1", "6"},
                             {"any + 'a'", "error: `+` does not work on int and string"},
                             {"any + 1.5", "error: `+` does not work on int and double"},
                             {"!any", "error: `!` does not work on int"},
                             {"any < 'a'", "error: a comparison does not work on int and string"},
                             {"any == 'a'", "false"},
                             {"any != 'a'", "true"},
                             {"any == 5.0 && any == 5u", "true"},
                             {"any.foo", "error: selecting a field does not work on int"},
                             {"size(customer.tags) + customer.tags.size()", "4"},
                             {"customer.country + '!'", "'AT!'"},
                             {"customer.tags + ['x']", "['new', 'vip', 'x']"},
                             {"[customer.age, any]", "[42, 5]"},
                             {"{customer.country: customer.age}", "{'AT': 42}"},
                             {"{any: 1, 5.0: 2}",
                              "issue: a map has keys of int, uint, bool or string, not a decimal number (double)"},
                             {"{any: 1, 5: 2}", "error: a map has the same key twice"},
                             {"{dyn(customer.tags): 1}", "error: a map's key does not work on list"},
                             {"string(customer.age) + 'y'", "'42y'"},
                             {"type(any) == int", "true"},
                             {"customer.age > 18 ? 'adult' : 'child'", "'adult'"},
                             {"any ? 1 : 2", "error: a condition does not work on int"},
                         }));

INSTANTIATE_TEST_SUITE_P(ErrorsAndLogic, EvaluatorTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"customer.email == 'a'", "error: customer.email is not known"},
                             {"customer.email == 'a' || true", "true"},
                             {"true || customer.email == 'a'", "true"},
                             {"customer.email == 'a' && false", "false"},
                             {"customer.email == 'a' && customer.age > 50", "false"},
                             {"customer.email == 'a' || customer.age < 50", "true"},
                             {"customer.email == 'a' && customer.age < 50", "error: customer.email is not known"},
                             {"customer.email == 'a' || broken > 1", "error: customer.email is not known"},
                             {"!(customer.email == 'a')", "error: customer.email is not known"},
                             {"customer.email == 'a' ? 1 : 2", "error: customer.email is not known"},
                             {"customer.age > 18 ? 1 : broken", "1"},
                             {"[1, broken]", "error: too much"},
                             {"{'a': broken}", "error: too much"},
                             {"any / 0", "error: division by zero"},
                             {"any % 0", "error: division by zero"},
                             {"dyn(true) && dyn(1)", "error: a condition does not work on int"},
                             {"dyn(false) && dyn(1)", "false"},
                             {"any && true", "error: a condition does not work on int"},
                         }));

INSTANTIATE_TEST_SUITE_P(Has, EvaluatorTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"has(customer.age)", "true"},
                             {"has(customer.email)", "false"},
                             {"has(customer.email) && customer.email == 'a'", "false"},
                             {"has(customer.email) && customer.email != 'a'", "false"},
                             {"!(has(customer.email) && customer.email == 'a')", "true"},
                             {"has(customer.email) && customer.email == 'a' || customer.age == 42", "true"},
                             {"has(customer.age) && customer.age == 42", "true"},
                             {"has(customer.age) && customer.age > 42", "false"},
                             {"spend > 1.0 && has(customer.email) && customer.email == 'a'", "false"},
                             {"has(customer.age) && customer.email == 'a'", "error: customer.email is not known"},
                             {"customer.email == 'a' && has(customer.email)", "false"},
                             {"customer.email == 'a' && has(customer.age)", "error: customer.email is not known"},
                             {"has(broken) && broken == 1", "error: too much"},
                             {"has(any) && any < 'a'", "error: a comparison does not work on int and string"},
                             {"has(spend)", "true"},
                             {"has(broken)", "error: too much"},
                             {"has(count('purchase', days(30)))", "true"},
                             {"has(context.page)", "true"},
                             {"has(context.nothing)", "false"},
                             {"has({'a': 1}.a)", "true"},
                             {"has({'a': 1}.b)", "false"},
                             {"has(any.b)", "error: selecting a field does not work on int"},
                         }));

INSTANTIATE_TEST_SUITE_P(Macros, EvaluatorTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"customer.tags.exists(t, t == 'vip')", "true"},
                             {"customer.tags.all(t, t == 'vip')", "false"},
                             {"customer.tags.exists_one(t, t.startsWith('v'))", "true"},
                             {"customer.tags.map(t, t + '!')", "['new!', 'vip!']"},
                             {"customer.tags.map(t, t != 'new', size(t))", "[3]"},
                             {"customer.tags.filter(t, t.contains('e'))", "['new']"},
                             {"context.all(k, k != '')", "true"},
                             {"context.map(k, context[k])", "['cart', 3]"},
                             {"[any, 0].exists(n, 10 / n == 2)", "true"},
                             {"[0, any].exists(n, 10 / n == 2)", "true"},
                             {"[0, any].exists(n, 10 / n == 3)", "error: division by zero"},
                             {"[0, any].all(n, 10 / n == 3)", "false"},
                             {"[0, any].all(n, 10 / n == 2)", "error: division by zero"},
                             {"[any, 5].exists_one(n, n == 5)", "false"},
                             {"[any, 6].exists_one(n, n == 5)", "true"},
                             {"[any, 0].exists_one(n, 10 / n == 2)", "error: division by zero"},
                             {"[any].all(n, n)", "error: a condition does not work on int"},
                             {"[any].filter(n, n)", "error: a condition does not work on int"},
                             {"[[1, 2], [any]].map(l, l.map(n, n * 2))", "[[2, 4], [10]]"},
                             {"[1, 2].map(x, [10, 20].map(x, x + any))", "[[15, 25], [15, 25]]"},
                             {"[1, 2].map(x, [10, 20].filter(y, x == 2 || any == 0)).map(l, l.size())", "[0, 2]"},
                             {"[1].map(a, [2].map(b, [3].map(c, [4].map(d, [any].map(e, a + b + c + d + e)))))",
                              "[[[[[15]]]]]"},
                             {"[1].exists(customer, customer == 1 && any == 5)", "true"},
                             {"[1].exists(spend, .spend > 1.0)", "true"},
                             {"any.all(x, true)", "error: going over the elements does not work on int"},
                         }));

INSTANTIATE_TEST_SUITE_P(StringsAndTimes, EvaluatorTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"customer.country.matches('^A')", "true"},
                             {"customer.country.matches('^' + customer.country + '$')", "true"},
                             {"customer.country.matches('(' + customer.country)",
                              "error: the regular expression is not valid"},
                             {"matches(customer.country, 'b')", "false"},
                             {"now.getHours('Europe/Vienna')", "13"},
                             {"now.getHours('-02:30')", "9"},
                             {"now.getMinutes('-02:30')", "30"},
                             {"now.getHours(customer.country)", "error: there is no such time zone"},
                             {"now.getDayOfWeek()", "4"},
                             {"now.getDayOfYear() == 59", "true"},
                             {"string(now)", "'2024-02-29T12:00:00Z'"},
                             {"string(now - timestamp('2024-02-29T11:59:58.5Z'))", "'1.5s'"},
                             {"now + duration('24h')", "timestamp('2024-03-01T12:00:00Z')"},
                             {"duration('1h') + now", "timestamp('2024-02-29T13:00:00Z')"},
                             {"now + days(4000000)", "issue: days() fails: the duration is longer than 10,000 years"},
                             {"now + days(3000000)", "error: the time is outside the years 1 to 9999"},
                             {"(now - (now - duration('90m'))).getMinutes()", "90"},
                             {"string(days(any))", "'432000s'"},
                             {"hours(any) == duration('5h')", "true"},
                             {"int(now)", "1709208000"},
                             {"double(customer.country)", "error: the text is not a number"},
                             {"int(spend)", "812"},
                             {"bool(customer.country)", "error: the text is neither true nor false"},
                             {"bytes(customer.country)", "b'AT'"},
                             {"string(spend * 1000000.0)", "'812500000'"},
                         }));

TEST(EvaluatorTest, ConstantsAreFolded) {
  FakeFacts facts = ShopFacts();
  const auto constant = [&](absl::string_view rule) -> std::string {
    const Compilation compiled = Compile(rule, facts);
    if (!compiled.program) return compiled.issues[0].message;
    const absl::optional<expression::Value> value = compiled.program->constant();
    return value ? DebugString(*value) : "depends";
  };
  EXPECT_EQ(constant("1 + 2 * 3"), "7");
  EXPECT_EQ(constant("[1, 2].map(x, x * 2)"), "[2, 4]");
  EXPECT_EQ(constant("false && customer.age > 1"), "false");
  EXPECT_EQ(constant("customer.age > 1 || 1 < 2"), "true");
  EXPECT_EQ(constant("customer.age > 1 && 1 < 2"), "depends");
  EXPECT_EQ(constant("1 / 0 == 1"), "error: division by zero");
  EXPECT_EQ(constant("2 > 1 ? 'a' : customer.country"), "'a'");
  EXPECT_EQ(constant("2 < 1 ? 'a' : customer.country"), "depends");
  EXPECT_EQ(constant("[1].exists(x, x == customer.age)"), "depends");
  EXPECT_EQ(constant("has(customer.age)"), "depends");
  EXPECT_EQ(constant("days(1) == duration('24h')"), "true");
}

TEST(EvaluatorTest, ProgramsOutliveTheCompiler) {
  FakeFacts facts = ShopFacts();
  absl::optional<Program> program;
  {
    const std::string rule = "customer.country + 'x' + \"" + std::string(2000, 'y') + "\"";
    program = Compile(rule, facts).program;
  }
  const Program copy = *program;
  program.reset();
  Arena arena;
  EXPECT_EQ(copy.Evaluate(facts, arena).string_value(), "ATx" + std::string(2000, 'y'));
  EXPECT_EQ(copy.type(), Type::Of(Kind::kString));
  EXPECT_EQ(copy.source().substr(0, 16), "customer.country");
}

}  // namespace
}  // namespace waymark::expression
