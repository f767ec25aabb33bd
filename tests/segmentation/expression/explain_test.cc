#include "segmentation/expression/explain.h"

#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/segmentation/expression/fake_facts.h"
#include "tests/segmentation/expression/random_rules.h"

namespace waymark::expression {
namespace {

// "text = value" of each part, facts with a star.
std::string Explained(absl::string_view rule) {
  FakeFacts facts = ShopFacts();
  const Compilation compiled = Compile(rule, facts);
  if (!compiled.program) return absl::StrCat("issue: ", compiled.issues[0].message);
  Arena arena;
  std::vector<std::string> lines;
  for (const Part& part : Explain(*compiled.program, facts, arena)) {
    lines.push_back(absl::StrCat(part.fact ? "* " : "", part.text, " = ", DebugString(part.value)));
  }
  return absl::StrJoin(lines, "\n");
}

TEST(ExplainTest, Table) {
  const struct {
    const char* rule;
    const char* parts;
  } kTable[] = {
      {"customer.age>=18", "customer.age >= 18 = true\n* customer.age = 42"},
      {"customer.age >= 50 && (spend > 1.0 || count('purchase',days(30)) > 5)",
       "customer.age >= 50 = false\n"
       "spend > 1.0 = true\n"
       "count('purchase', days(30)) > 5 = false\n"
       "* customer.age = 42\n* spend = 812.5\n* count('purchase', days(30)) = 3"},
      {"!(customer.age > 1 && spend > 1.0)",
       "!(customer.age > 1 && spend > 1.0) = false\n* customer.age = 42\n* spend = 812.5"},
      {"customer.age > 1 ? spend > 1.0 : true",
       "customer.age > 1 ? spend > 1.0 : true = true\n* customer.age = 42\n* spend = 812.5"},
      {"has(customer.email) && customer.email != ''",
       "has(customer.email) = false\n"
       "customer.email != '' = error: customer.email is not known\n"
       "* customer.email = error: customer.email is not known"},
      {"customer.age > 1 && customer.age < 9 && 1 < 2",
       "customer.age > 1 = true\ncustomer.age < 9 = false\n1 < 2 = true\n* customer.age = 42"},
      {"customer.age > 1 || true", "customer.age > 1 || true = true"},
      {"customer.tags.exists(t, t == 'vip' && spend > 1.0)",
       "customer.tags.exists(t, t == 'vip' && spend > 1.0) = true\n"
       "* customer.tags = ['new', 'vip']\n* spend = 812.5"},
      {"dyn(any) == 5 && dyn(any) in [customer.age, 5]",
       "dyn(any) == 5 = true\ndyn(any) in [customer.age, 5] = true\n* any = 5\n* customer.age = 42"},
      {"1 == 2", "1 == 2 = false"},
  };
  for (const auto& [rule, parts] : kTable) EXPECT_EQ(Explained(rule), parts) << rule;
}

TEST(ExplainTest, AFactThatIsATermIsListedOnce) {
  FakeFacts facts;
  facts.Declare("vip", Type::Of(Kind::kBool)).Set("vip", Value::Bool(true));
  const Compilation compiled = Compile("vip && !vip", facts);
  Arena arena;
  const std::vector<Part> parts = Explain(*compiled.program, facts, arena);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].text, "vip");
  EXPECT_EQ(parts[1].text, "!vip");
}

// Each part is a rule by itself and gives the same alone; together they mention every fact of the rule.
TEST(ExplainTest, PartsGiveWhatTheyGiveAlone) {
  std::mt19937 random(41);
  for (int round = 0; round < 3000; ++round) {
    const std::string rule = RandomRule(random, 4);
    FakeFacts facts = ShopFacts();
    const Compilation compiled = Compile(rule, facts);
    ASSERT_TRUE(compiled.program) << rule;
    Arena arena;
    std::set<int> mentioned;
    for (const Part& part : Explain(*compiled.program, facts, arena)) {
      const Compilation alone = Compile(part.text, facts);
      ASSERT_TRUE(alone.program) << rule << "\n" << part.text;
      EXPECT_EQ(DebugString(part.value), DebugString(alone.program->Evaluate(facts, arena))) << rule;
      mentioned.insert(alone.program->facts().begin(), alone.program->facts().end());
      EXPECT_TRUE(!part.fact || alone.program->facts() == std::vector<int>{part.slot}) << rule;
    }
    for (int slot : compiled.program->facts()) EXPECT_EQ(mentioned.count(slot), 1u) << rule;
  }
}

}  // namespace
}  // namespace waymark::expression
