#include "service/store/population_records.h"

#include <gtest/gtest.h>

#include <cmath>

namespace waymark::store {
namespace {

using segmentation::FeatureKind;
using segmentation::NameIdOf;
using segmentation::Population;

// One with something in every field.
Population Sample() {
  Population population{
      .version = 7,
      .fitted_at = absl::FromUnixMillis(1'780'000'000'123),
      .playbook_version = 3,
      .purchase = NameIdOf("order"),
      .method = segmentation::LifetimeValueMethod::kPlain,
      .horizon = absl::Hours(24 * 90),
      .lifespan = absl::Hours(24 * 700),
      .counts = {1000, 800, 5000, 123'456'789, 90},
      .sample = 1000,
      .rfm = {{3, 10, 20, 50}, {1, 2, 3, 4}, {10.5, 20, 30, 40}},
      .bg_nbd = segmentation::BgNbd{0.243, 4.414, 0.793, 2.426},
      .log_likelihood = -9582.4,
      .gamma_gamma = segmentation::GammaGamma{6.25, 3.74, 15.44},
      .lifetime_value = {1.5, 20.25, 0.75},
  };
  for (size_t i = 0; i < population.rfm_segments.size(); ++i) population.rfm_segments[i] = static_cast<int64_t>(i * 3);
  population.personas.features = {
      {.source = {FeatureKind::kNumber, NameIdOf("age")}, .logarithmic = true, .mean = 40, .scale = 12},
      {.source = {FeatureKind::kCategory, NameIdOf("country")}, .scale = 0.5, .values = {NameIdOf("DE")}},
      {.source = {FeatureKind::kChannel, {}}, .values = {}}};
  population.personas.columns = 1 + 3 + 2;
  population.personas.centroids = {1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6.5F};
  population.personas.channels = {NameIdOf("email")};
  population.cards.resize(2);
  population.cards[0] = {.name = "young",
                         .customers = 300,
                         .share = 0.3,
                         .demographics = {{"age", "", 22, 40, -1.5}},
                         .behaviour = {{"orders", "", 3, 5, -0.2}},
                         .channels = {{"channel", "email", 0.6, 0.5, 0.2}},
                         .categories = {{"category", "shoes", 0.4, 0.1, 1}},
                         .goals = {{"goal", "buy again", 0.7, 0.5, 0.4}},
                         .challenges = {{"refund", "", 0.2, 0.1, 0.3}},
                         .distinctive = {{"age", "", 22, 40, -1.5}}};
  population.cards[1].name = "old";
  population.silhouette = 0.31;
  population.bins = {{"age", {18, 22, 30}}};
  population.stage_values = {
      .learned_at = absl::FromUnixMillis(1'780'000'000'456),
      .playbook_version = 4,
      .options = {.yearly_discount = 0.3,
                  .gone_after = absl::Hours(24 * 90),
                  .shrinkage = 12.5,
                  .segments = {NameIdOf("vip")}},
      .customers = 900,
      .journeys = {{NameIdOf("shopping"),
                    {{{}, 900, {{NameIdOf("new"), 1.0 / 3, 10, 2, 86'400'000, 7}, {NameIdOf("gone"), absl::nullopt}}},
                     {NameIdOf("vip"), 30, {{NameIdOf("new"), 7.5, 3}, {NameIdOf("gone"), 0.0}}}}}}};
  return population;
}

TEST(PopulationRecords, KeepEveryField) {
  const Population sample = Sample();
  const auto decoded = DecodePopulation(EncodePopulation(sample));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, sample);
  const Population empty;
  EXPECT_EQ(*DecodePopulation(EncodePopulation(empty)), empty);
  EXPECT_EQ(*DecodePopulationHead(EncodePopulationHead(9)), 9u);
}

TEST(PopulationRecords, RefuseWhatDoesNotFitTogether) {
  EXPECT_EQ(DecodePopulation("\x01").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodePopulation("").status().code(), absl::StatusCode::kDataLoss) << "no format";
  Population population = Sample();
  population.personas.centroids.pop_back();
  EXPECT_EQ(DecodePopulation(EncodePopulation(population)).status().code(), absl::StatusCode::kDataLoss);
  population = Sample();
  population.rfm.frequency.clear();
  EXPECT_EQ(DecodePopulation(EncodePopulation(population)).status().code(), absl::StatusCode::kDataLoss);
  population = Sample();
  population.stage_values.journeys[0].segments[1].stages[0].value = HUGE_VAL;
  EXPECT_EQ(DecodePopulation(EncodePopulation(population)).status().code(), absl::StatusCode::kDataLoss);
  population = Sample();
  population.personas.columns = 7;
  EXPECT_EQ(DecodePopulation(EncodePopulation(population)).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace waymark::store
