#include "segmentation/persona.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "segmentation/persona_card.h"

namespace waymark::segmentation {
namespace {

using testing::Contains;
using testing::Field;
using testing::MatchesRegex;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
const NameId kPurchase = NameIdOf("purchase");

PopulationSpec Spec() {
  using Type = PopulationSpec::TraitType;
  PopulationSpec spec;
  spec.purchase = kPurchase;
  spec.traits = {{NameIdOf("age"), "age", Type::kInt},
                 {NameIdOf("country"), "country", Type::kString},
                 {NameIdOf("member"), "member", Type::kBool}};
  spec.events = {{NameIdOf("view_item"), "view_item"}};
  spec.journey = NameIdOf("shopping");
  spec.stages = {{NameIdOf("usage"), "usage", "use it"}, {NameIdOf("interest"), "interest", "find something"}};
  spec.pain_points = {{NameIdOf("refund"), "refund"}};
  return spec;
}

// Three kinds: old members of AT who buy often; young ones of DE who look and never buy; those of 45 in FR who bought
// once, long ago, and sent it back.
struct Crowd {
  std::vector<std::pair<std::string, Profile>> customers;
  std::vector<int> kinds;
};

Crowd MakeCrowd(int count, uint64_t seed, double drift = 0) {
  std::mt19937_64 random(seed);
  const auto normal = [&](double mean, double deviation) {
    return std::normal_distribution<double>(mean, deviation)(random);
  };
  Crowd crowd;
  for (int i = 0; i < count; ++i) {
    const int kind = std::min(static_cast<int>(random() % 10) / 4, 2);  // 40, 40, 20 %
    const double ages[] = {65, 25, 45};
    const char* const countries[] = {"AT", "DE", "FR"};
    Profile profile;
    SetTrait(profile, NameIdOf("age"), static_cast<int64_t>(normal(ages[kind] + drift, 4)));
    const bool usual_country = random() % 10 > 0;
    SetTrait(profile, NameIdOf("country"), std::string(usual_country ? countries[kind] : "IT"));
    if (random() % 20 > 0) SetTrait(profile, NameIdOf("member"), kind == 0);
    const int orders[] = {10 + static_cast<int>(random() % 10), 0, 1};
    for (int order = 0; order < orders[kind]; ++order) {
      const int days = kind == 0 ? 1 + static_cast<int>(random() % 60) : 300 + static_cast<int>(random() % 60);
      profile.ledger.Add(kPurchase, kNow - absl::Hours(24 * days), 50'000'000);
    }
    const int views[] = {5, 40, 1};
    for (int view = 0; view < views[kind]; ++view)
      profile.ledger.Add(NameIdOf("view_item"), kNow - absl::Hours(24 * view), 0);
    if (kind == 2) profile.ledger.Add(NameIdOf("refund"), kNow - absl::Hours(24 * 290), 0);
    SetPosition(profile,
                {.journey = NameIdOf("shopping"), .current = {NameIdOf(kind == 1 ? "interest" : "usage"), kNow}});
    crowd.customers.emplace_back(absl::StrCat("c", i), std::move(profile));
    crowd.kinds.push_back(kind);
  }
  return crowd;
}

PopulationSample SampleOf(const ObservationPlan& plan, const Crowd& crowd) {
  Sampler sampler(plan, 1, kNow);
  for (const auto& [id, profile] : crowd.customers) sampler.Add(id, profile);
  return sampler.Take();
}

size_t PersonaOf(const PersonaModel& model, const Profile& profile) {
  return *NearestPersona(model, FeatureReader(profile, kPurchase, model.channels, kNow));
}

TEST(Persona, FindsTheKindsThatThereAre) {
  const ObservationPlan plan(Spec());
  const Crowd crowd = MakeCrowd(2'000, 1);
  const PersonaFit fit = FitPersonas(plan, SampleOf(plan, crowd), 1);
  ASSERT_EQ(fit.model.size(), 3u);
  EXPECT_GT(fit.silhouette, 0.5);
  std::vector<std::set<size_t>> personas(3);
  for (size_t i = 0; i < crowd.customers.size(); ++i) {
    personas[crowd.kinds[i]].insert(PersonaOf(fit.model, crowd.customers[i].second));
  }
  for (const std::set<size_t>& of_kind : personas) EXPECT_EQ(of_kind.size(), 1u);
}

TEST(Persona, DoesNotDependOnTheOrderOfCustomers) {
  const ObservationPlan plan(Spec());
  Crowd crowd = MakeCrowd(1'000, 1);
  const PersonaFit fit = FitPersonas(plan, SampleOf(plan, crowd), 7);
  std::shuffle(crowd.customers.begin(), crowd.customers.end(), std::mt19937_64(3));
  const PersonaFit shuffled = FitPersonas(plan, SampleOf(plan, crowd), 7);
  EXPECT_EQ(fit.model, shuffled.model);
  EXPECT_EQ(fit.assignments, shuffled.assignments);
}

// What the fit assigned is what reading the profile gives.
TEST(Persona, ReadingAProfileGivesWhatWasFitted) {
  const ObservationPlan plan(Spec());
  const Crowd crowd = MakeCrowd(500, 1);
  const PopulationSample sample = SampleOf(plan, crowd);
  const PersonaFit fit = FitPersonas(plan, sample, 1);
  std::vector<int64_t> fitted(fit.model.size());
  std::vector<int64_t> read(fit.model.size());
  for (int assignment : fit.assignments) ++fitted[assignment];
  for (const auto& [id, profile] : crowd.customers) ++read[PersonaOf(fit.model, profile)];
  EXPECT_EQ(fitted, read);
}

TEST(Persona, ACategoryWeighsAsMuchAsANumber) {
  const ObservationPlan plan(Spec());
  const PersonaFit fit = FitPersonas(plan, SampleOf(plan, MakeCrowd(2'000, 1)), 1);
  for (const PersonaFeature& feature : fit.model.features) {
    if (feature.source.name != NameIdOf("country")) continue;
    // 36, 36, 18 and 10 % of a country: a variance of 1 - (2 * 0.36^2 + 0.18^2 + 0.1^2).
    EXPECT_NEAR(feature.scale * feature.scale * (1 - (2 * 0.36 * 0.36 + 0.18 * 0.18 + 0.01)), 1, 0.05);
    EXPECT_EQ(feature.values.size(), 4u);
    return;
  }
  FAIL() << "country is no feature";
}

TEST(Persona, WhatEveryoneSharesIsNoFeature) {
  const ObservationPlan plan(Spec());
  Crowd crowd = MakeCrowd(500, 1);
  for (auto& [id, profile] : crowd.customers) {
    SetTrait(profile, NameIdOf("age"), int64_t{30});
    SetTrait(profile, NameIdOf("country"), std::string("AT"));
  }
  for (const PersonaFeature& feature : FitPersonas(plan, SampleOf(plan, crowd), 1).model.features) {
    EXPECT_NE(feature.source.name, NameIdOf("age"));
    EXPECT_NE(feature.source.name, NameIdOf("country"));
  }
}

TEST(Persona, TooFewCustomersHaveNone) {
  const ObservationPlan plan(Spec());
  EXPECT_EQ(FitPersonas(plan, SampleOf(plan, MakeCrowd(29, 1)), 1).model.size(), 0u);
  EXPECT_EQ(FitPersonas(plan, SampleOf(plan, {}), 1).model.size(), 0u);
  EXPECT_FALSE(NearestPersona(PersonaModel(), FeatureReader(Profile(), kPurchase, {}, kNow)).has_value());
}

TEST(MatchPersonas, KindsThatMoveALittleStayThemselves) {
  const ObservationPlan plan(Spec());
  const PersonaFit before = FitPersonas(plan, SampleOf(plan, MakeCrowd(2'000, 1)), 1);
  const PersonaFit after = FitPersonas(plan, SampleOf(plan, MakeCrowd(2'000, 2, /*drift=*/5)), 99);
  ASSERT_EQ(before.model.size(), 3u);
  ASSERT_EQ(after.model.size(), 3u);
  const std::vector<int> matches = MatchPersonas(after.model, before.model);
  EXPECT_EQ(std::set<int>(matches.begin(), matches.end()), (std::set<int>{0, 1, 2}));
  const Crowd crowd = MakeCrowd(100, 3);
  for (const auto& [id, profile] : crowd.customers) {
    EXPECT_EQ(matches[PersonaOf(after.model, profile)], static_cast<int>(PersonaOf(before.model, profile)));
  }
}

// One feature, of plain scale unless said otherwise, and the centroids' values of it.
PersonaModel OneNumber(std::vector<float> centroids, double mean = 0, double scale = 1) {
  return {.features = {{.source = {FeatureKind::kNumber, NameIdOf("age")}, .mean = mean, .scale = scale}},
          .centroids = std::move(centroids),
          .columns = 1};
}

TEST(MatchPersonas, TheNearestFirstAndNoneBeyondHalfTheSeparation) {
  EXPECT_EQ(MatchPersonas(OneNumber({0.1F, 3.9F}), OneNumber({4, 0})), (std::vector<int>{1, 0}));
  // A second one near the same is new, and so is one in the middle of nowhere.
  EXPECT_EQ(MatchPersonas(OneNumber({0.5F, 0.1F, 9}), OneNumber({4, 0})), (std::vector<int>{-1, 1, -1}));
  // The same ages, though the standardization is another: 40 and 60.
  EXPECT_EQ(MatchPersonas(OneNumber({-1, 1}, 50, 10), OneNumber({1, 0}, 40, 20)), (std::vector<int>{1, 0}));
  EXPECT_EQ(MatchPersonas(OneNumber({1}), PersonaModel()), (std::vector<int>{-1}));
}

std::vector<PersonaCard> CardsOf(const ObservationPlan& plan, const Crowd& crowd) {
  const PopulationSample sample = SampleOf(plan, crowd);
  const PersonaFit fit = FitPersonas(plan, sample, 1);
  return MakeCards(plan, sample, fit, std::vector<std::string>(fit.model.size()));
}

const PersonaCard& CardOfCountry(const std::vector<PersonaCard>& cards, const std::string& country) {
  for (const PersonaCard& card : cards) {
    for (const PersonaTrait& trait : card.demographics) {
      if (trait.name == "country" && trait.value == country) return card;
    }
  }
  ADD_FAILURE() << "no persona of " << country;
  return cards.front();
}

TEST(PersonaCard, SaysWhatTheKindIs) {
  const std::vector<PersonaCard> cards = CardsOf(ObservationPlan(Spec()), MakeCrowd(2'000, 1));
  ASSERT_EQ(cards.size(), 3u);
  const PersonaCard& loyal = CardOfCountry(cards, "AT");
  EXPECT_NEAR(loyal.share, 0.4, 0.04);
  EXPECT_EQ(loyal.customers, static_cast<int64_t>(loyal.share * 2'000 + 0.5));
  EXPECT_THAT(loyal.demographics, Contains(testing::AllOf(Field(&PersonaTrait::name, "age"),
                                                          Field(&PersonaTrait::here, testing::DoubleNear(65, 1)),
                                                          Field(&PersonaTrait::overall, testing::DoubleNear(45, 2)),
                                                          Field(&PersonaTrait::deviation, testing::Gt(0.8)))));
  EXPECT_THAT(loyal.behaviour, Contains(testing::AllOf(Field(&PersonaTrait::name, "orders"),
                                                       Field(&PersonaTrait::here, testing::DoubleNear(14.5, 0.5)))));
  EXPECT_THAT(loyal.challenges, testing::IsEmpty());

  const PersonaCard& lapsed = CardOfCountry(cards, "FR");
  ASSERT_EQ(lapsed.challenges.size(), 1u);
  EXPECT_EQ(lapsed.challenges[0].name, "refund");
  EXPECT_EQ(lapsed.challenges[0].here, 1);
  EXPECT_NEAR(lapsed.challenges[0].overall, 0.2, 0.03);
  ASSERT_EQ(lapsed.goals.size(), 1u);
  EXPECT_EQ(lapsed.goals[0].name, "use it");
  EXPECT_EQ(lapsed.goals[0].value, "usage");

  const PersonaCard& looking = CardOfCountry(cards, "DE");
  ASSERT_FALSE(looking.distinctive.empty());
  for (size_t i = 1; i < looking.distinctive.size(); ++i) {
    EXPECT_GE(std::abs(looking.distinctive[i - 1].deviation), std::abs(looking.distinctive[i].deviation));
  }
}

TEST(PersonaCard, NamesAreUniqueWordsOfWhatIsDistinctive) {
  for (uint64_t seed = 1; seed < 6; ++seed) {
    PopulationSpec spec = Spec();
    spec.personas_min = 7;  // more than there are kinds, so that some are alike
    const std::vector<PersonaCard> cards = CardsOf(ObservationPlan(spec), MakeCrowd(600, seed));
    std::set<std::string> names;
    for (const PersonaCard& card : cards) {
      EXPECT_THAT(card.name, MatchesRegex("[a-z0-9_]{1,64}"));
      EXPECT_TRUE(names.insert(card.name).second) << card.name;
    }
    EXPECT_GE(names.size(), 7u);
  }
}

TEST(PersonaCard, KeepsAName) {
  const ObservationPlan plan(Spec());
  const PopulationSample sample = SampleOf(plan, MakeCrowd(500, 1));
  const PersonaFit fit = FitPersonas(plan, sample, 1);
  std::vector<std::string> names(fit.model.size());
  names[1] = "kept";
  const std::vector<PersonaCard> cards = MakeCards(plan, sample, fit, names);
  EXPECT_EQ(cards[1].name, "kept");
  EXPECT_NE(cards[0].name, "kept");
}

}  // namespace
}  // namespace waymark::segmentation
