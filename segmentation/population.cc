#include "segmentation/population.h"

#include <algorithm>
#include <cmath>

namespace waymark::segmentation {
namespace {

constexpr absl::Duration kWeek = absl::Hours(24 * 7);

std::vector<PurchaseHistory> Buyers(const PopulationSample& sample) {
  std::vector<PurchaseHistory> buyers;
  for (const Observation& observation : sample.observations) {
    if (observation.purchases) buyers.push_back(*observation.purchases);
  }
  return buyers;
}

// The purchases to expect, and their value where it is known.
double ExpectedPurchasesOf(const BgNbd& model, const PurchaseHistory& history, absl::Duration horizon) {
  return ExpectedPurchases(model, history.repeat_purchases, history.last_purchase_weeks(), history.age_weeks(),
                           absl::FDivDuration(horizon, kWeek));
}

double ProbabilityAliveOf(const BgNbd& model, const PurchaseHistory& history) {
  return ProbabilityAlive(model, history.repeat_purchases, history.last_purchase_weeks(), history.age_weeks());
}

absl::optional<double> LifetimeValueOf(const Population& population, const PurchaseHistory& history) {
  if (population.method == LifetimeValueMethod::kPlain) return PlainLifetimeValue(history, population.lifespan);
  if (!population.bg_nbd || !population.gamma_gamma) return absl::nullopt;
  return ExpectedPurchasesOf(*population.bg_nbd, history, population.horizon) *
         ExpectedSpend(*population.gamma_gamma, history.repeat_purchases, history.mean_repeat_value);
}

LifetimeValueTotals Totals(const Population& population, const std::vector<PurchaseHistory>& buyers) {
  LifetimeValueTotals totals;
  for (const PurchaseHistory& buyer : buyers) {
    totals.expected_value += LifetimeValueOf(population, buyer).value_or(0);
    if (!population.bg_nbd) continue;
    totals.expected_purchases += ExpectedPurchasesOf(*population.bg_nbd, buyer, population.horizon);
    totals.mean_probability_alive += ProbabilityAliveOf(*population.bg_nbd, buyer) / static_cast<double>(buyers.size());
  }
  return totals;
}

std::vector<FeatureBins> Bins(const ObservationPlan& plan, const PopulationSample& sample) {
  std::vector<FeatureBins> bins;
  for (size_t i = 0; i < plan.numbers.size(); ++i) {
    if (plan.numbers[i].kind != FeatureKind::kNumber) continue;
    std::vector<double> values;
    for (const Observation& observation : sample.observations) {
      if (!std::isnan(observation.numbers[i])) values.push_back(observation.numbers[i]);
    }
    std::sort(values.begin(), values.end());
    const auto trait = std::find_if(plan.spec.traits.begin(), plan.spec.traits.end(),
                                    [&](const PopulationSpec::Trait& t) { return t.id == plan.numbers[i].name; });
    FeatureBins& of_trait = bins.emplace_back(FeatureBins{.trait = trait->name});
    for (int decile = 1; decile < 10 && !values.empty(); ++decile) {
      const double boundary = Quantile(values, decile / 10.0);
      if (of_trait.boundaries.empty() || boundary > of_trait.boundaries.back()) of_trait.boundaries.push_back(boundary);
    }
  }
  return bins;
}

// For each persona, the name of the one before that it continues; empty where there is none.
std::vector<std::string> KeptNames(const PersonaModel& model, const Population* previous) {
  std::vector<std::string> names(model.size());
  if (previous == nullptr) return names;
  const std::vector<int> matches = MatchPersonas(model, previous->personas);
  for (size_t i = 0; i < names.size(); ++i) {
    if (matches[i] >= 0) names[i] = previous->cards[matches[i]].name;
  }
  return names;
}

}  // namespace

Population FitPopulation(const ObservationPlan& plan, const PopulationSample& sample, const Population* previous,
                         uint64_t seed, uint64_t playbook_version, absl::Time now) {
  Population population{.version = (previous == nullptr ? 0 : previous->version) + 1,
                        .fitted_at = now,
                        .playbook_version = playbook_version,
                        .purchase = plan.spec.purchase,
                        .method = plan.spec.lifetime_value,
                        .horizon = plan.spec.horizon,
                        .lifespan = plan.spec.lifespan,
                        .counts = sample.counts,
                        .sample = static_cast<int64_t>(sample.observations.size())};
  const std::vector<PurchaseHistory> buyers = Buyers(sample);
  population.rfm = FitRfm(buyers);
  for (const PurchaseHistory& buyer : buyers) {
    ++population.rfm_segments[static_cast<size_t>(RfmOf(population.rfm, buyer).segment())];
  }
  if (const absl::optional<BgNbdFit> fit = FitBgNbd(buyers)) {
    population.bg_nbd = fit->parameters;
    population.log_likelihood = fit->log_likelihood;
  }
  population.gamma_gamma = FitGammaGamma(buyers);
  population.lifetime_value = Totals(population, buyers);
  population.bins = Bins(plan, sample);
  PersonaFit personas = FitPersonas(plan, sample, seed);
  population.cards = MakeCards(plan, sample, personas, KeptNames(personas.model, previous));
  population.personas = std::move(personas.model);
  population.silhouette = personas.silhouette;
  if (previous != nullptr) population.stage_values = previous->stage_values;
  return population;
}

PopulationReader::PopulationReader(const Population& population, const Profile& profile, absl::Time now)
    : population_(population), reader_(profile, population.purchase, population.personas.channels, now) {}

absl::optional<Rfm> PopulationReader::rfm() const {
  if (!reader_.purchases() || population_.rfm.frequency.empty()) return absl::nullopt;
  return RfmOf(population_.rfm, *reader_.purchases());
}

absl::optional<double> PopulationReader::probability_alive() const {
  if (!reader_.purchases() || !population_.bg_nbd) return absl::nullopt;
  return ProbabilityAliveOf(*population_.bg_nbd, *reader_.purchases());
}

absl::optional<double> PopulationReader::expected_purchases(absl::Duration horizon) const {
  if (!reader_.purchases() || !population_.bg_nbd) return absl::nullopt;
  return ExpectedPurchasesOf(*population_.bg_nbd, *reader_.purchases(), horizon);
}

absl::optional<double> PopulationReader::lifetime_value() const {
  if (!reader_.purchases()) return absl::nullopt;
  return LifetimeValueOf(population_, *reader_.purchases());
}

absl::optional<absl::string_view> PopulationReader::persona() const {
  const absl::optional<size_t> nearest = NearestPersona(population_.personas, reader_);
  if (!nearest) return absl::nullopt;
  return population_.cards[*nearest].name;
}

}  // namespace waymark::segmentation
