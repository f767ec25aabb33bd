#include <gtest/gtest.h>

#include "tests/segmentation/expression/fake_facts.h"

namespace waymark::expression {
namespace {

struct Row {
  const char* rule;
  bool may_hold;
};

class MayHold : public ::testing::TestWithParam<Row> {};

TEST_P(MayHold, SeesContradictions) {
  FakeFacts facts = ShopFacts();
  const Compilation compiled = Compile(GetParam().rule, facts);
  ASSERT_TRUE(compiled.program.has_value()) << GetParam().rule << ": " << compiled.issues[0].message;
  EXPECT_EQ(compiled.program->MayHold(), GetParam().may_hold) << GetParam().rule;
}

INSTANTIATE_TEST_SUITE_P(
    Rules, MayHold,
    ::testing::Values(
        Row{"1 > 2", false}, Row{"1 < 2", true}, Row{"1 / 0 > 2", false},
        Row{"customer.age > 60 && customer.age < 20", false}, Row{"customer.age > 20 && customer.age < 60", true},
        Row{"customer.age > 20 && customer.age < 20", false}, Row{"customer.age >= 20 && customer.age <= 20", true},
        Row{"60 < customer.age && 20 > customer.age", false}, Row{"customer.age == 3 && customer.age == 4", false},
        Row{"customer.age == 3 && customer.age != 3", false}, Row{"customer.age == 3 && customer.age > 3", false},
        Row{"customer.age == 3 && customer.age >= 3.0", true},
        Row{"customer.country == 'DE' && customer.country == 'AT'", false},
        Row{"customer.country in ['DE', 'AT'] && customer.country == 'FR'", false},
        Row{"customer.country in ['DE', 'AT'] && customer.country in ['FR', 'AT']", true},
        Row{"customer.country in ['DE'] && customer.country in ['FR', 'AT']", false},
        Row{"customer.country in []", false}, Row{"has(customer.email) && !has(customer.email)", false},
        Row{"!(has(customer.email) || customer.age > 3) && has(customer.email)", false},
        Row{"has(customer.age) && customer.age > 5 && !has(customer.age)", false},
        Row{"has(customer.age) && customer.age > 5 && customer.age < 3", false},
        Row{"!(has(customer.age) && customer.age == 5) && !(has(customer.age) && customer.age != 5)", true},
        Row{"!(has(customer.age) && customer.age == 5) && customer.age != 7", true},
        Row{"customer.age > 3 && (customer.age < 2 || customer.age < 1)", false},
        Row{"(customer.age < 2 || customer.age < 1) && customer.age > 3", false},
        Row{"customer.age > 3 && (customer.age < 2 || customer.age < 9)", true},
        Row{"customer.age > 3 || customer.age < 2", true},
        Row{"(customer.age > 3 && customer.age < 2) || (spend > 2.0 && spend < 1.0)", false},
        Row{"(customer.age > 3 && customer.age < 2) || spend > 2.0", true},
        Row{"count('purchase', days(30)) > 3 && count('purchase', days(30)) < 2", false},
        Row{"count('purchase', days(30)) > 3 && count('purchase', days(7)) < 2", true},
        Row{"customer.age > 3 && customer.age > 5 && customer.age < 5", false},
        Row{"customer.age > 5 && customer.age > 3 && customer.age <= 5", false},
        Row{"customer.age >= 5 && customer.age > 5 && customer.age <= 5", false},
        Row{"customer.age > 5 && customer.age >= 5 && customer.age <= 5", false},
        Row{"customer.age >= 5 && customer.age < 9 && customer.age <= 5", true},
        Row{"customer.age in [1, 9] && customer.age < 9 && customer.age > 1", false},
        Row{"customer.age < 9 && customer.age > 1 && customer.age in [1, 9]", false},
        Row{"customer.age in [1, 5, 9] && customer.age < 9 && customer.age > 1", true},
        // 2^53 + 1 is above the one, and as a double not above the other.
        Row{"customer.age > 9007199254740992 && customer.age <= 9007199254740992.0", true},
        // A NaN is neither below nor above.
        Row{"!(spend < 5.0) && !(spend > 3.0)", true}, Row{"spend >= 5.0 && !(spend >= 3.0)", false},
        Row{"spend >= 3.0 && !(spend >= 5.0)", true},
        Row{"customer.age > 5 && !(customer.age > 3 || customer.country == 'DE')", false},
        Row{"customer.age <= 5 && !(7 >= customer.age)", false}, Row{"!(spend >= 3.0) && spend == 7.0", true},
        // What is not compared with a constant is not looked at.
        Row{"customer.age > count('purchase', days(30)) && customer.age < count('purchase', days(30))", true}));

}  // namespace
}  // namespace waymark::expression
