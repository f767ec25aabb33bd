#include "segmentation/expression/sharing.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "segmentation/expression/evaluator.h"
#include "segmentation/expression/explain.h"
#include "tests/segmentation/expression/fake_facts.h"
#include "tests/segmentation/expression/random_rules.h"

namespace waymark::expression {
namespace {

// Shared parts as the facts of a frame: each evaluated when it is first asked for, and remembered.
class Frame : public Activation {
 public:
  static constexpr int kFirstPart = 1000;

  Frame(FakeFacts& facts, const std::vector<Program>& parts) : facts_(facts), parts_(parts) {}

  Value Fact(int slot) override {
    ++reads_[slot];
    if (slot < kFirstPart) return facts_.Fact(slot);
    auto known = known_.find(slot);
    if (known == known_.end()) {
      ++evaluations_;
      known = known_.emplace(slot, parts_[static_cast<size_t>(slot - kFirstPart)].Evaluate(*this, arena_)).first;
    }
    return known->second;
  }

  Arena& arena() { return arena_; }
  int reads(int slot) { return reads_[slot]; }
  int evaluations() const { return evaluations_; }

 private:
  FakeFacts& facts_;
  const std::vector<Program>& parts_;
  Arena arena_;
  std::map<int, Value> known_;
  std::map<int, int> reads_;
  int evaluations_ = 0;
};

struct Shared {
  std::vector<Program> plain;
  std::vector<Program> programs;
  std::vector<Program> parts;
};

Shared Share(const std::vector<std::string>& rules, FakeFacts& facts) {
  Shared shared;
  for (const std::string& rule : rules) {
    Compilation compiled = Compile(rule, facts);
    for (const Issue& issue : compiled.issues) ADD_FAILURE() << rule << ": " << issue.message;
    shared.plain.push_back(*compiled.program);
  }
  shared.programs = ShareParts(shared.plain, [&shared](const Program& part) {
    shared.parts.push_back(part);
    return Frame::kFirstPart + static_cast<int>(shared.parts.size()) - 1;
  });
  return shared;
}

int SlotOf(FakeFacts& facts, absl::string_view name) { return facts.Variable(name)->slot; }

TEST(SharingTest, EvaluatesWhatIsCommonOnce) {
  FakeFacts facts = ShopFacts();
  const Shared shared =
      Share({"spend / double(orders) > 100.0", "customer.age > 3 && spend/double( orders ) > 100.0",
             "!(spend / double(orders) > 100.0) || customer.age < 3", "spend / double(orders) > 50.0"},
            facts);
  // The comparison that three rules have, and the quotient that it and the fourth have.
  ASSERT_EQ(shared.parts.size(), 2u);
  Frame frame(facts, shared.parts);
  for (const Program& program : shared.programs) program.Evaluate(frame, frame.arena());
  EXPECT_EQ(frame.reads(SlotOf(facts, "spend")), 1);
  EXPECT_EQ(frame.evaluations(), 2);
}

TEST(SharingTest, OccurrencesWithinARuleCount) {
  FakeFacts facts = ShopFacts();
  const Shared shared = Share({"spend * 2.0 + 1.0 > 3.0 || customer.age > 3 && spend * 2.0 + 1.0 < -3.0"}, facts);
  EXPECT_EQ(shared.parts.size(), 1u);
}

TEST(SharingTest, EvaluatesOnlyWhatIsAskedFor) {
  FakeFacts facts = ShopFacts();
  const Shared shared =
      Share({"customer.age > 100 && spend * 2.0 + 1.0 > 3.0", "customer.age > 99 && spend * 2.0 + 1.0 > 3.0"}, facts);
  ASSERT_EQ(shared.parts.size(), 1u);
  Frame frame(facts, shared.parts);
  for (const Program& program : shared.programs) program.Evaluate(frame, frame.arena());
  EXPECT_EQ(frame.evaluations(), 0);
}

// Facts and constants are as cheap as a look-up, a comparison that two rules have nearly so; macro variables mean
// nothing outside their macro.
TEST(SharingTest, LeavesAloneWhatIsNotWorthIt) {
  const std::vector<std::string> kRules[] = {
      {"customer.age > 3", "customer.age > 3 && spend > 1.0"},
      {"has(customer.email) && spend > 1.0", "has(customer.email) || spend > 2.0"},
      {"customer.tags.all(t, t + 'a' + 'b' + 'c' != t)", "customer.tags.exists(t, t + 'a' + 'b' + 'c' == 'x')"},
      {"spend * 2.0 > 3.0", "spend * 3.0 > 3.0", "spend / 2.0 > 3.0", "spend > 3.0"},
      {"0.0 / spend < 1.0", "-0.0 / spend < 1.0"},
      {"spend + 1.0 > 2.0", "dyn(any) + 1 > 2", "orders + 1u > 2u", "dyn(any) + 1u > 2u"},
  };
  for (const std::vector<std::string>& rules : kRules) {
    FakeFacts facts = ShopFacts();
    const Shared shared = Share(rules, facts);
    EXPECT_EQ(shared.parts.size(), 0u) << rules[0];
  }
}

TEST(SharingTest, CheapPartsAreSharedWhereManyHaveThem) {
  FakeFacts facts = ShopFacts();
  std::vector<std::string> rules;
  for (int i = 0; i < 40; ++i) rules.push_back(absl::StrCat("customer.age >= 18 && customer.age < ", 20 + i));
  const Shared shared = Share(rules, facts);
  EXPECT_EQ(shared.parts.size(), 1u);
}

std::string Shown(const std::vector<Part>& parts) {
  std::string all;
  for (const Part& part : parts) absl::StrAppend(&all, part.text, " = ", DebugString(part.value), "\n");
  return all;
}

// Values, errors with their messages, explanations and what is known of a program.
TEST(SharingTest, ChangesNothing) {
  std::mt19937 random(51);
  size_t parts = 0;
  for (int round = 0; round < 400; ++round) {
    FakeFacts facts = ShopFacts();
    std::vector<std::string> rules;
    for (int i = 2 + static_cast<int>(random() % 12); i > 0; --i)
      rules.push_back(RandomRule(random, 2 + static_cast<int>(random() % 4)));
    // Some hold others.
    rules.push_back(absl::StrCat("(", rules[0], ") && (", rules[1], ")"));
    rules.push_back(absl::StrCat("[1, 2].exists(x, x > customer.age || (", rules[0], "))"));
    const Shared shared = Share(rules, facts);
    parts += shared.parts.size();
    facts.Set("customer.age", Value::Int(static_cast<int64_t>(random() % 60)));
    if (round % 2 == 0) facts.Set("customer.email", Value::String("vip"));
    Frame frame(facts, shared.parts);
    for (size_t i = 0; i < rules.size(); ++i) {
      const Program& plain = shared.plain[i];
      const Program& program = shared.programs[i];
      if (plain.cost_bound() > kMaxSteps) continue;
      Arena arena;
      ASSERT_EQ(DebugString(program.Evaluate(frame, frame.arena())), DebugString(plain.Evaluate(facts, arena)))
          << rules[i];
      ASSERT_EQ(Shown(Explain(program, frame, frame.arena())), Shown(Explain(plain, facts, arena))) << rules[i];
      EXPECT_LE(program.CountSteps(frame, frame.arena()), program.cost_bound());
      EXPECT_EQ(program.facts(), plain.facts());
      EXPECT_EQ(program.type(), plain.type());
      EXPECT_EQ(program.source(), plain.source());
      EXPECT_EQ(program.constant().has_value(), plain.constant().has_value());
    }
    EXPECT_LE(frame.evaluations(), static_cast<int>(shared.parts.size()));
  }
  EXPECT_GT(parts, 500u);
}

// Parts within parts are bounded, since each takes the stack.
TEST(SharingTest, ChainsOfPartsAreShort) {
  FakeFacts facts = ShopFacts();
  std::vector<std::string> rules;
  std::string rule = "spend";
  for (int i = 0; i < 40; ++i) {
    rule = absl::StrCat("(", rule, " * 2.0 + 1.0)");
    rules.push_back(absl::StrCat(rule, " > 3.0"));
    rules.push_back(absl::StrCat(rule, " > 4.0"));
  }
  const Shared shared = Share(rules, facts);
  std::vector<int> depth;
  for (const Program& part : shared.parts) {
    int deepest = 0;
    for (int slot : part.facts()) {
      if (slot >= Frame::kFirstPart) deepest = std::max(deepest, depth[static_cast<size_t>(slot - Frame::kFirstPart)]);
    }
    depth.push_back(deepest + 1);
    EXPECT_LE(depth.back(), 8);
  }
  EXPECT_GT(shared.parts.size(), 4u);
}

}  // namespace
}  // namespace waymark::expression
