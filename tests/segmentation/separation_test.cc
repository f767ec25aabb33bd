#include "segmentation/separation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "segmentation/expression/program.h"
#include "segmentation/facts.h"

namespace waymark::segmentation {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
using Customers = std::vector<std::pair<std::string, Profile>>;

SeparationSpec Spec() {
  using Type = PopulationSpec::TraitType;
  SeparationSpec spec;
  spec.conversion = {NameIdOf("purchase"), "purchase"};
  spec.traits = {{NameIdOf("age"), "age", Type::kInt},
                 {NameIdOf("income"), "income", Type::kDouble},
                 {NameIdOf("country"), "country", Type::kString},
                 {NameIdOf("member"), "member", Type::kBool}};
  for (const char* event : {"view_item", "purchase", "purchase/shoes", "search"})
    spec.events.push_back({NameIdOf(event), event});
  return spec;
}

// Everything at random, and nobody converts.
Customers AtRandom(int count, uint64_t seed) {
  std::mt19937_64 random(seed);
  Customers customers;
  for (int i = 0; i < count; ++i) {
    Profile profile;
    SetTrait(profile, NameIdOf("age"), static_cast<int64_t>(18 + random() % 60));
    if (random() % 3 > 0) SetTrait(profile, NameIdOf("income"), static_cast<double>(random() % 1'000) / 8);
    const char* const countries[] = {"AT", "DE", "the \"rest\""};
    SetTrait(profile, NameIdOf("country"), std::string(countries[random() % 3]));
    if (random() % 2 > 0) SetTrait(profile, NameIdOf("member"), random() % 2 > 0);
    for (uint64_t views = random() % 5; views > 0; --views) {
      profile.ledger.Add(NameIdOf("view_item"), kNow - absl::Hours(1 + random() % (24 * 60)), 0);
    }
    customers.emplace_back(absl::StrCat("c", i), std::move(profile));
  }
  return customers;
}

void Convert(Profile& profile) {
  profile.ledger.Add(NameIdOf("purchase"), kNow - absl::Hours(24), 0);
  profile.ledger.Add(NameIdOf("purchase/shoes"), kNow - absl::Hours(24), 0);
}

int64_t AgeOf(const Profile& profile) { return absl::get<int64_t>(FindTrait(profile, NameIdOf("age"))->value); }

// Lets those for whom `likely` holds convert often, and the others seldom.
template <typename Likely>
Customers Converting(int count, uint64_t seed, Likely likely) {
  Customers customers = AtRandom(count, seed);
  std::mt19937_64 random(seed + 1);
  for (auto& [id, profile] : customers) {
    if (random() % 100 < (likely(profile) ? 60 : 10)) Convert(profile);
  }
  return customers;
}

Separation Separate(SeparationSpec spec, const Customers& customers, size_t max_sample = Separator::kMaxSample) {
  Separator separator(std::move(spec), 5, kNow, max_sample);
  for (const auto& [id, profile] : customers) separator.Add(id, profile);
  return separator.Take();
}

std::vector<std::string> Texts(const Separation& separation) {
  std::vector<std::string> texts;
  for (const SeparatingRule& rule : separation.rules) texts.push_back(rule.rule);
  return texts;
}

TEST(Separation, FindsATraitThatSeparates) {
  const Separation separation =
      Separate(Spec(), Converting(5'000, 1, [](const Profile& profile) { return AgeOf(profile) >= 60; }));
  ASSERT_FALSE(separation.rules.empty());
  EXPECT_THAT(separation.rules[0].rule, testing::StartsWith("customer.age >= "));
  EXPECT_THAT(separation.rules[0].rule, Not(HasSubstr("&&")));
  EXPECT_GT(separation.rules[0].lift, 2);
  EXPECT_EQ(separation.customers, 5'000);
}

TEST(Separation, FindsTwoConditionsTogether) {
  const auto likely = [](const Profile& profile) {
    return AgeOf(profile) < 40 && profile.ledger.Query(NameIdOf("view_item"), kNow, absl::Hours(24 * 90)).count >= 3;
  };
  const Separation separation = Separate(Spec(), Converting(8'000, 2, likely));
  ASSERT_FALSE(separation.rules.empty());
  EXPECT_THAT(separation.rules[0].rule,
              testing::MatchesRegex("customer.age < (3|4).*&& count\\(\"view_item\", days\\((90|365)\\)\\) >= 3"));
  EXPECT_GT(separation.rules[0].lift, 2.5);
}

TEST(Separation, GuardsWhatMayBeMissingAndQuotesTexts) {
  const auto income = [](const Profile& profile) {
    const Trait* trait = FindTrait(profile, NameIdOf("income"));
    return trait != nullptr && absl::get<double>(trait->value) >= 100;
  };
  EXPECT_THAT(Separate(Spec(), Converting(4'000, 3, income)).rules[0].rule,
              testing::StartsWith("has(customer.income) && customer.income >= "));
  const auto not_member = [](const Profile& profile) {
    const Trait* trait = FindTrait(profile, NameIdOf("member"));
    return trait != nullptr && !absl::get<bool>(trait->value);
  };
  EXPECT_EQ(Separate(Spec(), Converting(4'000, 4, not_member)).rules[0].rule,
            "has(customer.member) && !customer.member");
  const auto rest = [](const Profile& profile) {
    return absl::get<std::string>(FindTrait(profile, NameIdOf("country"))->value) == "the \"rest\"";
  };
  EXPECT_EQ(Separate(Spec(), Converting(4'000, 5, rest)).rules[0].rule, R"(customer.country == "the \"rest\"")");
}

// A rule of the answer says in CEL what it was measured on.
TEST(Separation, RulesHoldForTheCustomersTheyCount) {
  const Customers customers = Converting(
      3'000, 6, [](const Profile& profile) { return AgeOf(profile) >= 40 && FindTrait(profile, NameIdOf("member")); });
  SeparationSpec spec = Spec();
  spec.max_rules = 50;
  const Separation separation = Separate(spec, customers);
  ASSERT_FALSE(separation.rules.empty());
  using expression::Kind;
  using expression::Type;
  FactSet facts({.traits = {{"age", Type::Of(Kind::kInt)},
                            {"income", Type::Of(Kind::kDouble)},
                            {"country", Type::Of(Kind::kString)},
                            {"member", Type::Of(Kind::kBool)}},
                 .events = {"view_item", "search"}});
  for (const SeparatingRule& rule : separation.rules) {
    const expression::Compilation compiled = expression::Compile(rule.rule, facts);
    ASSERT_TRUE(compiled.program.has_value()) << rule.rule;
    int64_t holds = 0;
    int64_t converters = 0;
    for (const auto& [id, profile] : customers) {
      const Context context;
      FactFrame frame(facts, {}, profile, context, kNow);
      const expression::Value value = frame.Evaluate(*compiled.program);
      if (value.kind() != Kind::kBool || !value.bool_value()) continue;
      ++holds;
      converters += profile.ledger.Find(NameIdOf("purchase")) != nullptr ? 1 : 0;
    }
    EXPECT_EQ(holds, rule.customers) << rule.rule;
    EXPECT_EQ(converters, rule.converters) << rule.rule;
  }
}

TEST(Separation, NeverUsesTheConversionItself) {
  const Separation separation =
      Separate(Spec(), Converting(3'000, 7, [](const Profile& profile) { return AgeOf(profile) >= 40; }));
  EXPECT_THAT(Texts(separation), Each(Not(HasSubstr("purchase"))));
}

TEST(Separation, ProposesNothingWhereThereIsOnlyChance) {
  for (uint64_t seed = 10; seed < 15; ++seed) {
    EXPECT_THAT(Texts(Separate(Spec(), Converting(3'000, seed, [](const Profile&) { return false; }))), IsEmpty());
  }
  EXPECT_THAT(Texts(Separate(Spec(), AtRandom(500, 1))), IsEmpty());
  EXPECT_THAT(Texts(Separate(Spec(), {})), IsEmpty());
}

TEST(Separation, RulesDifferAndHaveSupport) {
  const Customers customers = Converting(3'000, 8, [](const Profile& profile) { return AgeOf(profile) >= 50; });
  SeparationSpec spec = Spec();
  spec.max_rules = 100;
  const Separation separation = Separate(spec, customers);
  ASSERT_GT(separation.rules.size(), 1u);
  double rate = static_cast<double>(separation.converters) / static_cast<double>(separation.customers);
  for (const SeparatingRule& rule : separation.rules) {
    EXPECT_GE(rule.customers, 30);
    EXPECT_GT(rule.lift, 1);
    EXPECT_NEAR(rule.lift, static_cast<double>(rule.converters) / static_cast<double>(rule.customers) / rate, 1e-12);
  }
  spec.max_rules = 1;
  EXPECT_EQ(Separate(spec, customers).rules.size(), 1u);
}

TEST(Separation, DoesNotDependOnTheOrderAndSamples) {
  Customers customers = Converting(3'000, 9, [](const Profile& profile) { return AgeOf(profile) >= 50; });
  const Separation separation = Separate(Spec(), customers, 1'000);
  EXPECT_EQ(separation.customers, 1'000);
  std::shuffle(customers.begin(), customers.end(), std::mt19937_64(1));
  EXPECT_EQ(Texts(Separate(Spec(), customers, 1'000)), Texts(separation));
}

TEST(Separation, WithinSaysWhoIsAConverter) {
  SeparationSpec spec = Spec();
  Customers customers = AtRandom(100, 1);
  for (int i = 0; i < 40; ++i)
    customers[i].second.ledger.Add(NameIdOf("purchase"), kNow - absl::Hours(24 * (i < 15 ? 3 : 300)), 0);
  EXPECT_EQ(Separate(spec, customers).converters, 40);
  spec.within = absl::Hours(24 * 30);
  EXPECT_EQ(Separate(spec, customers).converters, 15);
}

}  // namespace
}  // namespace waymark::segmentation
