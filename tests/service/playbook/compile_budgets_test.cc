#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "service/playbook/compile.h"
#include "tests/support/playbooks.h"

namespace waymark::playbook {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing_support::MustCompile;

struct Broken {
  const char* text;
  int line;
  const char* field;    // of the first problem
  const char* message;  // a part of it
};

// One broken playbook for each reason.
constexpr Broken kBroken[] = {
    {"budgets:\n  - {name: Vouchers, amount: 1}", 2, "budgets[0].name", "a name is 1 to 64"},
    {"budgets:\n  - {name: a, amount: 1}\n  - {name: a, amount: 1}", 3, "budgets[1].name", "another budget `a`"},
    {"budgets:\n  - {name: a, amount: -1}", 2, "budgets[0].amount", "0 to 10^12"},
    {"budgets:\n  - {name: a, amount: 1000000000001}", 2, "budgets[0].amount", "0 to 10^12"},
    {"budgets:\n  - {name: a, amount: 1.5}", 2, "budgets[0].amount", "whole number"},
    {"budgets:\n  - {name: a, amount: 1, period: YEAR}", 2, "budgets[0].period", "WEEK"},
    {"budgets:\n  - {name: a, amount: 1, hold: 59s}", 2, "budgets[0].hold", "1 minute to 30 days"},
    {"budgets:\n  - {name: a, amount: 1, hold: 31d}", 2, "budgets[0].hold", "1 minute to 30 days"},
    {"budgets: [{name: stock, amount: 1}]\nactions:\n  - {name: a, kind: OFFER, budgets: [stok]}", 3,
     "actions[0].budgets[0]", "did you mean `stock`"},
    {"budgets: [{name: stock, amount: 1}]\nactions:\n  - {name: a, kind: OFFER, budgets: [stock, stock]}", 3,
     "actions[0].budgets[1]", "given twice"},
    {"budgets: [{name: stock, amount: 1}]\nactions:\n  - {name: a, kind: NONE, budgets: [stock]}", 3,
     "actions[0].budgets", "doing nothing takes from no budget"},
    {"budgets: [{name: stock, amount: 1}]\nchannels: [{name: web}]\n"
     "actions: [{name: a, kind: OFFER, budgets: [stock]}]\n"
     "placements:\n  - {name: hero, touchpoint: web/home, fallback: a}",
     5, "placements[0].fallback", "`a` has budgets"},
};

TEST(CompileBudgets, EachMistakeIsNamedAtItsLine) {
  for (const Broken& broken : kBroken) {
    const CompileResult result = CompilePlaybook(broken.text, 1, nullptr);
    ASSERT_FALSE(result.problems.empty()) << broken.text;
    EXPECT_EQ(result.playbook, nullptr);
    EXPECT_EQ(result.problems[0].field, broken.field) << broken.text;
    EXPECT_EQ(result.problems[0].line, broken.line) << broken.text;
    EXPECT_THAT(result.problems[0].message, HasSubstr(broken.message)) << broken.text;
  }
}

TEST(CompileBudgets, NoMoreThanThereMayBe) {
  std::string text = "budgets:\n";
  for (int i = 0; i < 257; ++i) absl::StrAppend(&text, "  - {name: b", i, ", amount: 1}\n");
  EXPECT_EQ(CompilePlaybook(text, 1, nullptr).problems[0].field, "budgets");
  text = text.substr(0, text.rfind("  - ")) +
         "actions: [{name: a, kind: OFFER, budgets: [b0, b1, b2, b3, b4, b5, b6, b7, b8]}]";
  EXPECT_EQ(CompilePlaybook(text, 1, nullptr).problems[0].field, "actions[0].budgets");
}

TEST(CompileBudgets, NamesBecomeIndexesAndAPlacementKnowsWhatItMayTakeFrom) {
  const auto playbook = MustCompile(R"yaml(
channels: [{name: web}, {name: email}]
budgets:
  - {name: vouchers, amount: 1000, period: MONTH, hold: 2h}
  - {name: stock, amount: 0}
actions:
  - {name: voucher, kind: OFFER, placements: [hero], budgets: [vouchers]}
  - {name: bag, kind: OFFER, placements: [hero], budgets: [stock, vouchers]}
  - {name: news, kind: CONTENT}
placements:
  - {name: hero, touchpoint: web/home, fallback: news}
  - {name: letter, touchpoint: email/letter}
)yaml");
  EXPECT_EQ(playbook->budgets[0].amount, 1000);
  EXPECT_EQ(playbook->budgets[0].period, Period::kMonth);
  EXPECT_EQ(playbook->budgets[0].hold, absl::Hours(2));
  EXPECT_EQ(playbook->budgets[1].period, Period::kNone);
  EXPECT_EQ(playbook->budgets[1].hold, absl::Hours(24));
  EXPECT_THAT(playbook->actions[0].budgets, ElementsAre(0));
  EXPECT_THAT(playbook->actions[1].budgets, ElementsAre(1, 0));
  EXPECT_THAT(playbook->placements[0].budgets, ElementsAre(PlacementBudget{0, 2}, PlacementBudget{1, 1}));
  EXPECT_THAT(playbook->placements[1].budgets, IsEmpty());
  EXPECT_TRUE(playbook->CountsContacts(0, 0)) << "the contact tells that a retry needs no further unit";
  EXPECT_FALSE(playbook->CountsContacts(2, 0));
}

}  // namespace
}  // namespace waymark::playbook
