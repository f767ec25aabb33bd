#ifndef WAYMARK_SEGMENTATION_PERSONA_H_
#define WAYMARK_SEGMENTATION_PERSONA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/observation.h"
#include "segmentation/profile.h"
#include "segmentation/stable_hash.h"

namespace waymark::segmentation {

// Kinds of customers, found by k-means++ (Arthur & Vassilvitskii 2007) over features of mixed types. All functions are
// pure and thread-safe.
//
// Numbers are standardized (heavy-tailed ones, such as spend, as log(1 + x)) and clamped to three standard deviations,
// so that a few extreme customers are no kind of their own; a missing one counts as the mean. A category is one-hot:
// its 12 most frequent values, "other" and "missing", scaled so that their variances add up to 1, so that a category
// weighs in a distance as much as a number does, however many values it has. Rare categories are scaled as if they
// had a variance of 0.05, so that they do not outweigh everything. What (nearly) everyone shares is no feature.

// One feature of a model, and how it enters a distance.
struct PersonaFeature {
  FeatureSource source;
  bool logarithmic = false;  // a number: log(1 + x), of negative x -log(1 - x)
  double mean = 0;           // a number, after the logarithm
  double scale = 1;          // a number: divided by it; a category: one-hot values are multiplied by it
  // A category: the values of the columns, ascending; then come the columns of "other" and of "missing".
  std::vector<NameId> values;

  size_t columns() const { return IsCategory(source.kind) ? values.size() + 2 : 1; }

  friend bool operator==(const PersonaFeature&, const PersonaFeature&) = default;
};

// A number on the feature's scale, and back.
double OnScale(const PersonaFeature& feature, double value);
double FromScale(const PersonaFeature& feature, double value);

// The features and, a row each, the centroids: `columns` numbers a persona.
struct PersonaModel {
  std::vector<PersonaFeature> features;
  std::vector<float> centroids;
  size_t columns = 0;
  std::vector<NameId> channels;  // ascending: what tells an affinity to a channel from one to a label

  size_t size() const { return columns == 0 ? 0 : centroids.size() / columns; }

  friend bool operator==(const PersonaModel&, const PersonaModel&) = default;
};

// The nearest centroid; none where there are none. `reader` is of the model's channels. Costs a reading of each feature
// and personas x columns operations; allocates nothing up to 256 columns.
absl::optional<size_t> NearestPersona(const PersonaModel& model, const FeatureReader& reader);

// A model and, for each observation of the sample, which persona it is.
struct PersonaFit {
  PersonaModel model;
  std::vector<int> assignments;
  double silhouette = 0;  // mean, of the subsample; -1 to 1
};

// Clusters the first kMaxClustered of the sample with each number of personas that the plan allows, keeps the one of
// the largest mean silhouette (of the first kMaxSilhouette), and assigns everyone. The largest persona is the first.
// None where there are fewer than ten customers for each of the least number of personas, or no features. Deterministic
// in its arguments. Costs O(kMaxClustered x columns x sum of the numbers of personas x iterations x starts): a second
// or two for 30 columns and 3 to 8 personas.
inline constexpr size_t kMaxClustered = 20'000;
// Where there are more than 50 columns, so many numbers at most are clustered, and so fewer customers, at least 1,000:
// it takes no longer.
inline constexpr size_t kMaxClusteredNumbers = 1'000'000;
inline constexpr size_t kMinClustered = 1'000;
inline constexpr size_t kMaxSilhouette = 2'000;
PersonaFit FitPersonas(const ObservationPlan& plan, const PopulationSample& sample, uint64_t seed);

// For each persona of `model`, which one of `previous` it continues, -1 where none: pairs by distance of the centroids
// in units of `model`, the nearest first, each at most once, as far as they are nearer than half of what separates the
// previous one from its nearest neighbour. Features that only one model has do not count.
std::vector<int> MatchPersonas(const PersonaModel& model, const PersonaModel& previous);

// Shared with the cards.

// Mean and standard deviation; 0 where there are no values.
struct Moments {
  double mean = 0;
  double deviation = 0;
};
Moments MomentsOf(absl::Span<const double> values);

// The texts of a category's values, as far as they are known; empty where there are too many.
CategoryTexts TextsOf(const ObservationPlan& plan, const PopulationSample& sample, const FeatureSource& category);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_PERSONA_H_
