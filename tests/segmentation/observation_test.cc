#include "segmentation/observation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "absl/strings/str_cat.h"
#include "segmentation/affinity.h"

namespace waymark::segmentation {
namespace {

using testing::ElementsAre;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

PopulationSpec Spec() {
  using Type = PopulationSpec::TraitType;
  PopulationSpec spec;
  spec.purchase = NameIdOf("purchase");
  spec.traits = {{NameIdOf("age"), "age", Type::kInt},
                 {NameIdOf("income"), "income", Type::kDouble},
                 {NameIdOf("country"), "country", Type::kString},
                 {NameIdOf("member"), "member", Type::kBool}};
  spec.events = {{NameIdOf("purchase"), "purchase"}, {NameIdOf("view_item"), "view_item"}};
  spec.journey = NameIdOf("shopping");
  spec.pain_points = {{NameIdOf("refund"), "refund"}, {NameIdOf("contact_support"), "contact_support"}};
  return spec;
}

TEST(Observation, ReadsWhatThePlanSays) {
  const ObservationPlan plan(Spec());
  Profile profile;
  SetTrait(profile, NameIdOf("age"), int64_t{35});
  SetTrait(profile, NameIdOf("country"), std::string("AT"));
  SetTrait(profile, NameIdOf("member"), false);
  profile.ledger.Add(NameIdOf("purchase"), kNow - absl::Hours(24 * 9), 12'500'000);
  profile.ledger.Add(NameIdOf("view_item"), kNow - absl::Hours(1), 0);
  profile.ledger.Add(NameIdOf("view_item"), kNow - absl::Hours(24 * 380), 0);
  profile.ledger.Add(NameIdOf("contact_support"), kNow - absl::Hours(24 * 500), 0);
  SetPosition(profile, {.journey = NameIdOf("shopping"), .current = {NameIdOf("usage"), kNow}});

  const Observation observation = Observe(plan, 7, profile, kNow);
  EXPECT_EQ(observation.key, 7u);
  // Age, income, then recency, orders, monetary, then views within 365 days.
  EXPECT_THAT(observation.numbers, ElementsAre(35, testing::IsNan(), 9, 1, 12.5, 1));
  // Country, member, strongest label, strongest channel.
  EXPECT_THAT(observation.categories, ElementsAre(NameIdOf("AT"), IdOfBool(false), kMissing, kMissing));
  EXPECT_EQ(observation.stage, NameIdOf("usage"));
  EXPECT_EQ(observation.pain_points, 2u);
}

TEST(Observation, OfAnEmptyProfileNothingIsKnown) {
  const Observation observation = Observe(ObservationPlan(Spec()), 0, Profile(), kNow);
  EXPECT_FALSE(observation.purchases.has_value());
  EXPECT_THAT(observation.numbers, ElementsAre(testing::IsNan(), testing::IsNan(), testing::IsNan(), 0, 0, 0));
  EXPECT_THAT(observation.categories, testing::Each(kMissing));
  EXPECT_EQ(observation.stage, kMissing);
}

std::vector<std::pair<std::string, Profile>> Customers(int count) {
  std::vector<std::pair<std::string, Profile>> customers;
  for (int i = 0; i < count; ++i) {
    Profile profile;
    for (int order = 0; order < i % 3; ++order)
      profile.ledger.Add(NameIdOf("purchase"), kNow - absl::Hours(order), 1'000'000);
    SetTrait(profile, NameIdOf("country"), std::string(i % 2 == 0 ? "AT" : "DE"));
    SetTrait(profile, NameIdOf("age"), int64_t{i});
    customers.emplace_back(absl::StrCat("c", i), profile);
  }
  return customers;
}

PopulationSample SampleOf(const ObservationPlan& plan, const std::vector<std::pair<std::string, Profile>>& customers,
                          size_t max) {
  Sampler sampler(plan, 42, kNow, max);
  for (const auto& [id, profile] : customers) sampler.Add(id, profile);
  return sampler.Take();
}

std::vector<double> Ages(const PopulationSample& sample) {
  std::vector<double> ages;
  for (const Observation& observation : sample.observations) ages.push_back(observation.numbers[0]);
  return ages;
}

TEST(Sampler, CountsEveryoneAndKeepsSome) {
  const PopulationSample sample = SampleOf(ObservationPlan(Spec()), Customers(300), 50);
  EXPECT_EQ(sample.counts, (PopulationCounts{300, 200, 300, 300'000'000, 100}));
  EXPECT_EQ(sample.observations.size(), 50u);
  EXPECT_TRUE(std::is_sorted(sample.observations.begin(), sample.observations.end(),
                             [](const Observation& l, const Observation& r) { return l.key < r.key; }));
  EXPECT_EQ(sample.values.at(NameIdOf("country")).size(), 2u);
}

TEST(Sampler, DoesNotDependOnTheOrder) {
  const ObservationPlan plan(Spec());
  auto customers = Customers(300);
  const std::vector<double> ages = Ages(SampleOf(plan, customers, 50));
  std::shuffle(customers.begin(), customers.end(), std::mt19937_64(1));
  EXPECT_EQ(Ages(SampleOf(plan, customers, 50)), ages);
  // A smaller sample is the beginning of a larger one.
  EXPECT_EQ(Ages(SampleOf(plan, customers, 20)), std::vector<double>(ages.begin(), ages.begin() + 20));
}

TEST(Sampler, IsASampleOfEveryone) {
  double sum = 0;
  for (double age : Ages(SampleOf(ObservationPlan(Spec()), Customers(3'000), 1'000))) sum += age;
  // The mean of 0 to 2,999 is 1,499.5; that of 1,000 of them has a standard error of 22.
  EXPECT_NEAR(sum / 1'000, 1'499.5, 88);
}

TEST(Sampler, ATraitOfTooManyValuesIsNoCategory) {
  auto customers = Customers(1'200);
  for (size_t i = 0; i < customers.size(); ++i)
    SetTrait(customers[i].second, NameIdOf("country"), absl::StrCat("street ", i));
  const ObservationPlan plan(Spec());
  EXPECT_FALSE(SampleOf(plan, customers, 10).values.contains(NameIdOf("country")));
  customers.resize(TraitTexts::kMaxValues);
  EXPECT_TRUE(SampleOf(plan, customers, 10).values.contains(NameIdOf("country")));
}

TEST(FeatureReader, TakesTheStrongestLabelAndTheStrongestChannel) {
  const absl::Time now = absl::FromUnixSeconds(1'780'000'000);
  Profile profile;
  for (const char* name : {"shoes", "shoes", "hats", "email", "web", "web", "web"})
    AddAffinity(profile, NameIdOf(name), now);
  std::vector<NameId> channels = {NameIdOf("email"), NameIdOf("web")};
  std::sort(channels.begin(), channels.end());
  const FeatureReader reader(profile, NameIdOf("purchase"), channels, now);
  EXPECT_EQ(reader.Category({FeatureKind::kLabel, {}}), NameIdOf("shoes"));
  EXPECT_EQ(reader.Category({FeatureKind::kChannel, {}}), NameIdOf("web"));
  const Profile empty;
  const FeatureReader nothing(empty, NameIdOf("purchase"), channels, now);
  EXPECT_EQ(nothing.Category({FeatureKind::kLabel, {}}), kMissing);
}

}  // namespace
}  // namespace waymark::segmentation
