#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "segmentation/expression/program.h"
#include "tests/segmentation/expression/fake_facts.h"

namespace waymark::expression {
namespace {

// Every issue with its caret, or the type.
std::string Checked(absl::string_view rule, absl::optional<Type> expected = absl::nullopt) {
  FakeFacts facts = ShopFacts();
  const Compilation compiled = Compile(rule, facts, expected);
  if (compiled.program) return compiled.program->type().ToString();
  std::string issues;
  for (const Issue& issue : compiled.issues) absl::StrAppend(&issues, issue.message, "\n", Snippet(rule, issue), "\n");
  return issues;
}

struct Case {
  absl::string_view rule;
  absl::string_view result;
};

class CheckerTest : public testing::TestWithParam<Case> {};

TEST_P(CheckerTest, Result) { EXPECT_EQ(Checked(GetParam().rule), GetParam().result); }

INSTANTIATE_TEST_SUITE_P(Types, CheckerTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"1", "int"},
                             {"null", "null"},
                             {"customer.age", "int"},
                             {"customer.age * 2 > 3", "bool"},
                             {"customer.age > 18.5", "bool"},
                             {"spend > 1000", "bool"},
                             {"now", "timestamp"},
                             {"now - now", "duration"},
                             {"now - days(1)", "timestamp"},
                             {"days(2) + hours(1)", "duration"},
                             {"[1, 2]", "list(int)"},
                             {"[1, 'a']", "list(dyn)"},
                             {"[]", "list(dyn)"},
                             {"[] + [1]", "list(dyn)"},
                             {"['a'] + customer.tags", "list(string)"},
                             {"{'a': 1.5}", "map(string, double)"},
                             {"{'a': 1, 2: 'b'}", "map(dyn, dyn)"},
                             {"customer.tags[0]", "string"},
                             {"context.page", "dyn"},
                             {"{'a': 1}.a", "int"},
                             {"any + 1", "int"},
                             {"any + any", "dyn"},
                             {"customer.tags.map(t, size(t))", "list(int)"},
                             {"customer.tags.filter(t, t == 'a')", "list(string)"},
                             {"customer.age > 1 ? 'a' : 'b'", "string"},
                             {"customer.age > 1 ? 'a' : dyn(1)", "dyn"},
                             {"count('purchase', days(30))", "int"},
                             {"type(1)", "type"},
                             {"google.protobuf.Timestamp", "type"},
                             {"dyn(1) == 'a'", "bool"},
                             {"[1, 'a'] == ['a', 1]", "bool"},
                         }));

INSTANTIATE_TEST_SUITE_P(
    Operators, CheckerTest,
    testing::ValuesIn(std::vector<Case>{
        {"customer.age == '42'",
         "a whole number (int) cannot be compared with a text (string)\ncustomer.age == '42'\n             ^\n"},
        {"spend == 1000",
         "a decimal number (double) cannot be compared with a whole number (int); write the whole number with a "
         "decimal "
         "point (10.0) or convert it with double()\nspend == 1000\n      ^\n"},
        {"customer.age < 'a'",
         "a whole number (int) cannot be compared with a text (string)\ncustomer.age < 'a'\n             ^\n"},
        {"customer.age == null",
         "a whole number (int) is never null; has(…) asks whether it is known\ncustomer.age == null\n             ^\n"},
        {"customer.age + spend",
         "`+` does not work on a whole number (int) and a decimal number (double); write the whole number with a "
         "decimal "
         "point (10.0) or convert it with double()\ncustomer.age + spend\n             ^\n"},
        {"orders + 1",
         "`+` does not work on a whole number from 0 (uint) and a whole number (int); convert one of them with int() "
         "or "
         "uint()\norders + 1\n       ^\n"},
        {"-customer.country", "`-` does not work on a text (string)\n-customer.country\n^\n"},
        {"customer.age in ['a', 'b']",
         "a list(string) never holds a whole number (int)\ncustomer.age in ['a', 'b']\n             ^\n"},
        {"'a' in customer.country",
         "`in` looks into a list, as in x in [\"a\", \"b\"], not into a text (string)\n'a' in customer.country\n    "
         "^\n"},
        {"customer.tags['a']", "a list(string) has no index of a text (string)\ncustomer.tags['a']\n             ^\n"},
        {"customer.age[0]", "a whole number (int) has no elements for []\ncustomer.age[0]\n            ^\n"},
        {"customer.age && true",
         "what stands beside `&&` must be true or false (bool), not a whole number (int)\ncustomer.age && true\n^\n"},
        {"true || 1 + 2 || false",
         "what stands beside `||` must be true or false (bool), not a whole number (int)\ntrue || 1 + 2 || false\n     "
         "   ^\n"},
        {"1 ? 2 : 3", "what stands before `?` must be true or false (bool), not a whole number (int)\n1 ? 2 : 3\n^\n"},
        {"customer.age > 1 ? 'a' : 1",
         "both results of `? :` must be of one type, not a text (string) and a whole number (int)\ncustomer.age > 1 ? "
         "'a' : "
         "1\n                 ^\n"},
    }));

INSTANTIATE_TEST_SUITE_P(
    Names, CheckerTest,
    testing::ValuesIn(std::vector<Case>{
        {"customer.agee > 1", "there is no `customer.agee`; did you mean `customer.age`?\ncustomer.agee > 1\n^\n"},
        {"age > 1", "there is no `age`; did you mean `customer.age`?\nage > 1\n^\n"},
        {"1 < custmer.age", "there is no `custmer.age`; did you mean `customer.age`?\n1 < custmer.age\n    ^\n"},
        {"zzz", "there is no `zzz`\nzzz\n^\n"},
        {"customer.age.years", "a whole number (int) has no field `years`\ncustomer.age.years\n             ^\n"},
        {"cuont('a', days(1)) > 1",
         "there is no function cuont(); did you mean `count`?\ncuont('a', days(1)) > 1\n^\n"},
        {"'a'.startswith('b')",
         "there is no function startswith(); did you mean `startsWith`?\n'a'.startswith('b')\n    ^\n"},
        {"contains('ab', 'b')", "contains() is written string.contains(string)\ncontains('ab', 'b')\n^\n"},
        {"all(customer.tags, x, x == 'a')",
         "all() is written list.all(x, …)\nall(customer.tags, x, x == 'a')\n^\nthere is no `x`\nall(customer.tags, x, "
         "x == "
         "'a')\n                   ^\nthere is no `x`\nall(customer.tags, x, x == 'a')\n                      ^\n"},
        {"[1].exists(x, y == 1)", "there is no `y`; did you mean `x`?\n[1].exists(x, y == 1)\n              ^\n"},
        {"has(customer.emial)",
         "there is no `customer.emial`; did you mean `customer.email`?\nhas(customer.emial)\n    ^\n"},
        {"has(int)", "has() takes a fact or a field, as in has(customer.age)\nhas(int)\n^\n"},
        {"has(size('a'))", "has() takes a fact or a field, as in has(customer.age)\nhas(size('a'))\n^\n"},
    }));

INSTANTIATE_TEST_SUITE_P(
    Calls, CheckerTest,
    testing::ValuesIn(std::vector<Case>{
        {"count('purchase', 30)",
         "the window must be a duration, as in days(30)\ncount('purchase', 30)\n                  ^\n"},
        {"count('purchase')", "count() takes an event and a window\ncount('purchase')\n^\n"},
        {"count('purchase', days(customer.age))",
         "the second argument of count() must be a constant\ncount('purchase', days(customer.age))\n                  "
         "^\n"},
        {"count('a' + 'b', days(2 * 15))", "int"},
        {"count('a', days(1 / 0))",
         "the second argument of count() has no value: division by zero\ncount('a', days(1 / 0))\n           ^\n"},
        {"shop.visits('a', days(1))", "int"},
        {"size(1)",
         "size() does not take (int); it is size(string) or size(bytes) or size(list) or size(map)\nsize(1)\n^\n"},
        {"'a'.contains(1)",
         "contains() does not take (string, int); it is string.contains(string)\n'a'.contains(1)\n    ^\n"},
        {"days('30')", "days() does not take (string); it is days(int)\ndays('30')\n^\n"},
        {"duration('soon') > days(1)",
         "duration() fails: the text is not a duration such as 90s or 1h30m\nduration('soon') > days(1)\n^\n"},
        {"customer.country.matches('(')",
         "the regular expression is not valid\ncustomer.country.matches('(')\n                         ^\n"},
        {"now.getHours('Mars/Olympus')",
         "there is no such time zone; write one such as \"Europe/Berlin\" or "
         "\"+01:00\"\nnow.getHours('Mars/Olympus')\n         "
         "    ^\n"},
        {"customer.age.all(x, x)",
         "all() goes over a list or a map, not a whole number (int)\ncustomer.age.all(x, x)\n^\n"},
        {"customer.tags.filter(t, size(t))",
         "the condition of filter() must be true or false (bool), not a whole number (int)\ncustomer.tags.filter(t, "
         "size(t))\n                        ^\n"},
        {"{1.5: 1}", "a map has keys of int, uint, bool or string, not a decimal number (double)\n{1.5: 1}\n ^\n"},
    }));

TEST(CheckerTest, AllProblemsAtOnceInOrder) {
  EXPECT_EQ(
      Checked("customer.agee > 1 &&\n  customer.country == 3 ||\n\tsize(2) > 1"),
      "there is no `customer.agee`; did you mean `customer.age`?\ncustomer.agee > 1 &&\n^\n"
      "a text (string) cannot be compared with a whole number (int)\n  customer.country == 3 ||\n                   ^\n"
      "size() does not take (int); it is size(string) or size(bytes) or size(list) or size(map)\n\tsize(2) > 1\n\t^\n");
}

TEST(CheckerTest, OneMistakeIsToldOnce) {
  EXPECT_EQ(Checked("(customer.agee + 1) * 2 > size(customer.agee + 'a')"),
            "there is no `customer.agee`; did you mean `customer.age`?\n"
            "(customer.agee + 1) * 2 > size(customer.agee + 'a')\n ^\n"
            "there is no `customer.agee`; did you mean `customer.age`?\n"
            "(customer.agee + 1) * 2 > size(customer.agee + 'a')\n                               ^\n");
}

TEST(CheckerTest, ExpectedType) {
  EXPECT_EQ(Checked("customer.age > 1", Type::Of(Kind::kBool)), "bool");
  EXPECT_EQ(Checked("any", Type::Of(Kind::kBool)), "dyn");
  EXPECT_EQ(Checked("customer.age", Type::Dyn()), "int");
  EXPECT_EQ(Checked(" customer.age", Type::Of(Kind::kBool)),
            "this must be true or false (bool), but it is a whole number (int)\n customer.age\n ^\n");
  EXPECT_EQ(Checked("[1]", Type::ListOf(Type::Of(Kind::kString))),
            "this must be a list(string), but it is a list(int)\n[1]\n^\n");
}

TEST(CheckerTest, WithoutTypesMistakesAreErrorsOfTheEvaluation) {
  FakeFacts facts = ShopFacts();
  const auto evaluated = [&](absl::string_view rule) { return Evaluated(rule, facts, {.check_types = false}); };
  EXPECT_EQ(evaluated("customer.agee > 1 || true"), "true");
  EXPECT_EQ(evaluated("customer.agee"), "error: there is no `customer.agee`");
  EXPECT_EQ(evaluated("has(nobody.age)"), "error: there is no `nobody.age`");
  EXPECT_EQ(evaluated("nobody.all(x, x)"), "error: there is no `nobody`");
  EXPECT_EQ(evaluated("f(1) || true"), "true");
  EXPECT_EQ(evaluated("f(1)"), "error: there is no function f()");
  EXPECT_EQ(evaluated("1 + 'a'"), "error: `+` does not work on int and string");
  EXPECT_EQ(evaluated("size(1, 2, 3)"),
            "error: size() does not take (int, int, int); it is size(string) or size(bytes) or "
            "size(list) or size(map)");
  EXPECT_EQ(evaluated("true ? 'a' : 1"), "'a'");
  EXPECT_EQ(evaluated("customer.age == 'a'"), "false");
  EXPECT_EQ(evaluated("[1, 2][1.0]"), "2");
  EXPECT_EQ(evaluated("[1, 2][1.5]"), "error: the list has no element at this index");
}

}  // namespace
}  // namespace waymark::expression
