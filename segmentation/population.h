#ifndef WAYMARK_SEGMENTATION_POPULATION_H_
#define WAYMARK_SEGMENTATION_POPULATION_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/lifetime_value.h"
#include "segmentation/observation.h"
#include "segmentation/persona.h"
#include "segmentation/persona_card.h"
#include "segmentation/profile.h"
#include "segmentation/rfm.h"
#include "segmentation/stable_hash.h"
#include "segmentation/stage_values.h"

namespace waymark::segmentation {

// Deciles of a numeric trait: nine boundaries, ascending; fewer where some are equal. Empty: nobody has it.
struct FeatureBins {
  std::string trait;
  std::vector<double> boundaries;

  friend bool operator==(const FeatureBins&, const FeatureBins&) = default;
};

// Over the buyers of the sample.
struct LifetimeValueTotals {
  double expected_purchases = 0;  // within the horizon, all of them together
  double expected_value = 0;      // the same, whole units
  double mean_probability_alive = 0;

  friend bool operator==(const LifetimeValueTotals&, const LifetimeValueTotals&) = default;
};

// What was learned about everyone: small, versioned, and all that the reads below need besides a profile. A value;
// immutable once it is made, so thread-safe.
struct Population {
  uint64_t version = 0;                      // counts from 1; whoever stores it numbers it
  absl::Time fitted_at = absl::UnixEpoch();  // the epoch: nothing but `stage_values` was learned
  uint64_t playbook_version = 0;

  // What was asked.
  NameId purchase{};
  LifetimeValueMethod method = LifetimeValueMethod::kBgNbd;
  absl::Duration horizon;
  absl::Duration lifespan;

  PopulationCounts counts;  // of everyone
  int64_t sample = 0;       // what all below rests on
  RfmBoundaries rfm;
  std::array<int64_t, kRfmSegments> rfm_segments{};  // of the sample
  absl::optional<BgNbd> bg_nbd;                      // none: too few repeat buyers (kMinRepeatBuyers)
  double log_likelihood = 0;                         // of bg_nbd
  absl::optional<GammaGamma> gamma_gamma;            // none: too few repeat buyers
  LifetimeValueTotals lifetime_value;
  PersonaModel personas;
  std::vector<PersonaCard> cards;  // one a persona of the model
  double silhouette = 0;
  std::vector<FeatureBins> bins;  // of the numeric traits
  // What stages are worth; learned by a pass of its own, so both may be there without the other. Whoever learns one
  // keeps the other as it was.
  StageValues stage_values;

  friend bool operator==(const Population&, const Population&) = default;
};

// Learns from a sample. `previous` is the population before, nullptr where there is none: personas that continue one of
// its have its name. `version` is previous's, and one. Deterministic in its arguments. Seconds: see FitBgNbd and
// FitPersonas.
Population FitPopulation(const ObservationPlan& plan, const PopulationSample& sample, const Population* previous,
                         uint64_t seed, uint64_t playbook_version, absl::Time now);

// What one customer is, seen against everyone, at `now`. Pure and cheap: some 0.5 µs to begin with, and a few ns to 1
// µs a reading. One that has no value is not known.
class PopulationReader {
 public:
  // Borrows both.
  PopulationReader(const Population& population, const Profile& profile, absl::Time now);

  // None for who has not bought.
  absl::optional<Rfm> rfm() const;
  // The BG/NBD model's; none for who has not bought, or where the model is not known.
  absl::optional<double> probability_alive() const;
  absl::optional<double> expected_purchases(absl::Duration horizon) const;
  // Whole units. kBgNbd: of the purchases to expect within the population's horizon; kPlain: PlainLifetimeValue. None
  // for who has not bought, or where the models are not known.
  absl::optional<double> lifetime_value() const;
  // The name. None where there are no personas.
  absl::optional<absl::string_view> persona() const;

 private:
  const Population& population_;
  const FeatureReader reader_;
};

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_POPULATION_H_
