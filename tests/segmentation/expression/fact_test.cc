#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "segmentation/expression/program.h"
#include "tests/segmentation/expression/fake_facts.h"

namespace waymark::expression {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<int> FactsOf(absl::string_view rule) {
  FakeFacts facts = ShopFacts();
  return Compile(rule, facts).program->facts();
}

TEST(FactTest, SlotsAscendAndComeOnce) {
  EXPECT_THAT(FactsOf("spend > 1.0 && customer.age > 1 && spend < 9.0"), ElementsAre(0, 4));
  EXPECT_THAT(FactsOf("has(customer.email)"), ElementsAre(2));
  EXPECT_THAT(FactsOf("1 < 2"), IsEmpty());
}

TEST(FactTest, WhatIsNeverReadIsNotAmongTheFacts) {
  EXPECT_THAT(FactsOf("false && spend > 1.0"), IsEmpty());
  EXPECT_THAT(FactsOf("1 < 2 ? customer.age : customer.age + count('a', days(1))"), ElementsAre(0));
}

TEST(FactTest, EqualCallsShareASlot) {
  EXPECT_EQ(FactsOf("count('purchase', days(30)) > 1 && count('purch' + 'ase', hours(720)) < 9").size(), 1u);
  EXPECT_EQ(FactsOf("count('purchase', days(30)) > 1 && count('purchase', days(31)) < 9").size(), 2u);
}

TEST(FactTest, ReadsOnlyWhatDecides) {
  FakeFacts facts = ShopFacts();
  const Program program = *Compile("customer.age > 50 && spend > 1.0 && orders > 1u", facts).program;
  Arena arena;
  EXPECT_FALSE(program.Evaluate(facts, arena).holds());
  EXPECT_EQ(facts.reads(), 1);
}

TEST(FactTest, LongestDottedNameWins) {
  static const std::pair<Value, Value> kEntries[] = {{Value::String("c"), Value::String("field")}};
  static const MapValue kMap{kEntries};
  FakeFacts facts;
  facts.Set("a.b", Value::Map(&kMap)).Set("a.b.d", Value::String("longest"));
  EXPECT_EQ(Evaluated("a.b.c", facts), "'field'");
  EXPECT_EQ(Evaluated("a.b.d", facts), "'longest'");
  EXPECT_EQ(Evaluated("(a.b).c", facts), "'field'");
  EXPECT_EQ(Evaluated("a.b.c.startsWith('f')", facts), "true");
}

TEST(FactTest, AMacrosVariableHidesAName) {
  FakeFacts facts;
  facts.Set("x.y", Value::Int(1)).Set("x", Value::Int(2));
  EXPECT_EQ(Evaluated("[{'y': 3}].map(x, x.y)", facts), "[3]");
  EXPECT_EQ(Evaluated("[{'y': 3}].map(x, .x.y)", facts), "[1]");
  EXPECT_EQ(Evaluated("[7].map(z, x)", facts), "[2]");
}

TEST(FactTest, ErrorsKeepTheirCode) {
  FakeFacts facts = ShopFacts();
  Arena arena;
  const Value missing = Compile("customer.email", facts).program->Evaluate(facts, arena);
  ASSERT_TRUE(missing.is_error());
  EXPECT_EQ(missing.error_code(), ErrorCode::kMissing);
  EXPECT_EQ(missing.string_value(), "customer.email is not known");
  const Value broken = Compile("broken + 1", facts).program->Evaluate(facts, arena);
  EXPECT_EQ(broken.error_code(), ErrorCode::kOverflow);
}

TEST(FactTest, AFactOfAnotherTypeThanDeclaredIsNoCrash) {
  FakeFacts facts;
  facts.Declare("n", Type::Of(Kind::kInt)).Set("n", Value::String("text"));
  EXPECT_EQ(Evaluated("n + 1", facts), "error: `+` does not work on string and int");
  EXPECT_EQ(Evaluated("n < 1", facts), "error: a comparison does not work on string and int");
}

}  // namespace
}  // namespace waymark::expression
