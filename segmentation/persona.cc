#include "segmentation/persona.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "segmentation/clustering.h"

namespace waymark::segmentation {
namespace {

constexpr size_t kMaxCategories = 12;
constexpr float kMaxDeviations = 3;
constexpr double kMinCategoryVariance = 0.05;
constexpr double kHeavyTail = 1;  // skewness
constexpr size_t kMinCustomersEach = 10;

double Skewness(absl::Span<const double> values) {
  const Moments moments = MomentsOf(values);
  double sum = 0;
  for (double value : values) sum += std::pow((value - moments.mean) / moments.deviation, 3);
  return sum / static_cast<double>(values.size());
}

// None where nobody has it or all are equal.
absl::optional<PersonaFeature> NumberFeature(const FeatureSource& source, absl::Span<const Observation> observations,
                                             size_t index) {
  std::vector<double> values;
  values.reserve(observations.size());
  for (const Observation& observation : observations) {
    if (!std::isnan(observation.numbers[index])) values.push_back(observation.numbers[index]);
  }
  PersonaFeature feature{.source = source};
  Moments moments = MomentsOf(values);
  if (moments.deviation == 0) return absl::nullopt;
  feature.logarithmic = Skewness(values) > kHeavyTail;
  if (feature.logarithmic) {
    for (double& value : values) value = OnScale(feature, value);
    moments = MomentsOf(values);
  }
  if (moments.deviation == 0) return absl::nullopt;
  feature.mean = moments.mean;
  feature.scale = moments.deviation;
  return feature;
}

// Of the categories that have a text; none where all customers are of one.
absl::optional<PersonaFeature> CategoryFeature(const FeatureSource& source, absl::Span<const Observation> observations,
                                               size_t index, const CategoryTexts& texts) {
  absl::flat_hash_map<NameId, int64_t> counts;
  for (const Observation& observation : observations) ++counts[observation.categories[index]];
  std::vector<std::pair<int64_t, NameId>> frequent;  // the most frequent first, then by id
  for (const auto& [value, count] : counts) {
    if (value != kMissing && texts.contains(value)) frequent.emplace_back(-count, value);
  }
  std::sort(frequent.begin(), frequent.end());
  frequent.resize(std::min(frequent.size(), kMaxCategories));
  PersonaFeature feature{.source = source};
  const auto everyone = static_cast<double>(observations.size());
  const double missing = static_cast<double>(counts[kMissing]) / everyone;
  double other = 1 - missing;
  double variance = 1 - missing * missing;
  for (const auto& [negative_count, value] : frequent) {
    const double share = -static_cast<double>(negative_count) / everyone;
    other -= share;
    variance -= share * share;
    feature.values.push_back(value);
  }
  variance -= other * other;
  std::sort(feature.values.begin(), feature.values.end());
  if (variance < 1e-9) return absl::nullopt;
  feature.scale = 1 / std::sqrt(std::max(variance, kMinCategoryVariance));
  return feature;
}

// Where a category's value stands among the columns of its feature.
size_t ColumnOf(const PersonaFeature& feature, NameId value) {
  if (value == kMissing) return feature.values.size() + 1;
  const auto it = std::lower_bound(feature.values.begin(), feature.values.end(), value);
  return it != feature.values.end() && *it == value ? it - feature.values.begin() : feature.values.size();
}

// Writes one customer's row. `number` and `category` read the feature of an index.
template <typename Number, typename Category>
void Encode(absl::Span<const PersonaFeature> features, Number number, Category category, absl::Span<float> row) {
  std::fill(row.begin(), row.end(), 0.0F);
  float* at = row.data();
  for (size_t i = 0; i < features.size(); ++i) {
    const PersonaFeature& feature = features[i];
    if (IsCategory(feature.source.kind)) {
      at[ColumnOf(feature, category(i))] = static_cast<float>(feature.scale);
    } else if (const double value = number(i); !std::isnan(value)) {
      const double deviations = (OnScale(feature, value) - feature.mean) / feature.scale;
      *at = std::clamp(static_cast<float>(deviations), -kMaxDeviations, kMaxDeviations);
    }
    at += feature.columns();
  }
}

size_t NearestRow(const PersonaModel& model, absl::Span<const float> row) {
  size_t nearest = 0;
  float least = std::numeric_limits<float>::max();
  for (size_t persona = 0; persona < model.size(); ++persona) {
    const float* centroid = model.centroids.data() + persona * model.columns;
    float distance = 0;
    for (size_t i = 0; i < row.size(); ++i) distance += (row[i] - centroid[i]) * (row[i] - centroid[i]);
    if (distance < least) {
      least = distance;
      nearest = persona;
    }
  }
  return nearest;
}

// A model's features without centroids, and which of the plan's numbers or categories each is.
struct Features {
  PersonaModel model;
  std::vector<size_t> indexes;

  void Add(absl::optional<PersonaFeature> feature, size_t index) {
    if (!feature) return;
    model.columns += feature->columns();
    model.features.push_back(*std::move(feature));
    indexes.push_back(index);
  }

  void EncodeObservation(const Observation& observation, absl::Span<float> row) const {
    Encode(
        model.features, [&](size_t i) { return observation.numbers[indexes[i]]; },
        [&](size_t i) { return observation.categories[indexes[i]]; }, row);
  }
};

Features FitFeatures(const ObservationPlan& plan, const PopulationSample& sample) {
  Features features;
  features.model.channels = plan.channels;
  for (size_t i = 0; i < plan.numbers.size(); ++i) {
    features.Add(NumberFeature(plan.numbers[i], sample.observations, i), i);
  }
  for (size_t i = 0; i < plan.categories.size(); ++i) {
    const CategoryTexts texts = TextsOf(plan, sample, plan.categories[i]);
    if (!texts.empty()) features.Add(CategoryFeature(plan.categories[i], sample.observations, i, texts), i);
  }
  return features;
}

// A centroid of `previous` in the columns of `model`, as far as features are in both; `common` marks these columns.
std::vector<float> Translate(const PersonaModel& previous, size_t persona, const PersonaModel& model,
                             std::vector<bool>& common) {
  std::vector<float> row(model.columns);
  size_t to = 0;
  for (const PersonaFeature& feature : model.features) {
    const float* from = previous.centroids.data() + persona * previous.columns;
    for (const PersonaFeature& old : previous.features) {
      if (old.source == feature.source) {
        std::fill_n(common.begin() + static_cast<ptrdiff_t>(to), feature.columns(), true);
        if (IsCategory(feature.source.kind)) {
          const auto rescale = static_cast<float>(feature.scale / old.scale);
          for (size_t i = 0; i < old.values.size(); ++i)
            row[to + ColumnOf(feature, old.values[i])] += from[i] * rescale;
          row[to + feature.values.size()] += from[old.values.size()] * rescale;
          row[to + feature.values.size() + 1] += from[old.values.size() + 1] * rescale;
        } else {
          const double raw = FromScale(old, *from * old.scale + old.mean);
          row[to] = static_cast<float>((OnScale(feature, raw) - feature.mean) / feature.scale);
        }
        break;
      }
      from += old.columns();
    }
    to += feature.columns();
  }
  return row;
}

double Distance(absl::Span<const float> l, absl::Span<const float> r, const std::vector<bool>& columns) {
  double sum = 0;
  for (size_t i = 0; i < l.size(); ++i) {
    if (columns[i]) sum += (l[i] - r[i]) * (l[i] - r[i]);
  }
  return std::sqrt(sum);
}

}  // namespace

double OnScale(const PersonaFeature& feature, double value) {
  return feature.logarithmic ? std::copysign(std::log1p(std::abs(value)), value) : value;
}

double FromScale(const PersonaFeature& feature, double value) {
  return feature.logarithmic ? std::copysign(std::expm1(std::abs(value)), value) : value;
}

Moments MomentsOf(absl::Span<const double> values) {
  Moments moments;
  if (values.empty()) return moments;
  const auto count = static_cast<double>(values.size());
  for (double value : values) moments.mean += value / count;
  double variance = 0;
  for (double value : values) variance += (value - moments.mean) * (value - moments.mean) / count;
  // Equal values may differ from their mean by rounding.
  const bool differ = variance > 1e-24 * moments.mean * moments.mean;
  moments.deviation = differ ? std::sqrt(variance) : 0;
  return moments;
}

CategoryTexts TextsOf(const ObservationPlan& plan, const PopulationSample& sample, const FeatureSource& category) {
  CategoryTexts texts;
  if (category.kind == FeatureKind::kLabel) {
    for (const PopulationSpec::Name& label : plan.spec.labels) texts.emplace(label.id, label.name);
  } else if (category.kind == FeatureKind::kChannel) {
    for (const PopulationSpec::Name& channel : plan.spec.channels) texts.emplace(channel.id, channel.name);
  } else {
    const auto trait = std::find_if(plan.spec.traits.begin(), plan.spec.traits.end(),
                                    [&](const PopulationSpec::Trait& t) { return t.id == category.name; });
    if (trait->type == PopulationSpec::TraitType::kBool) return {{IdOfBool(false), "false"}, {IdOfBool(true), "true"}};
    const auto values = sample.values.find(category.name);
    if (values != sample.values.end()) return values->second;
  }
  return texts;
}

absl::optional<size_t> NearestPersona(const PersonaModel& model, const FeatureReader& reader) {
  if (model.size() == 0) return absl::nullopt;
  absl::InlinedVector<float, 256> row(model.columns);
  Encode(
      model.features, [&](size_t i) { return reader.Number(model.features[i].source); },
      [&](size_t i) { return reader.Category(model.features[i].source); }, absl::MakeSpan(row));
  return NearestRow(model, row);
}

PersonaFit FitPersonas(const ObservationPlan& plan, const PopulationSample& sample, uint64_t seed) {
  const std::vector<Observation>& observations = sample.observations;
  const auto min = static_cast<size_t>(plan.spec.personas_min);
  Features features = FitFeatures(plan, sample);
  if (features.model.columns == 0 || observations.size() < kMinCustomersEach * min) return {};
  const size_t affordable = std::clamp(kMaxClusteredNumbers / features.model.columns, kMinClustered, kMaxClustered);
  const size_t clustered = std::min(observations.size(), affordable);
  Rows points(clustered, features.model.columns);
  for (size_t i = 0; i < clustered; ++i) {
    features.EncodeObservation(observations[i],
                               {points.row(static_cast<Eigen::Index>(i)).data(), features.model.columns});
  }
  const Eigen::MatrixXf distances =
      PairwiseDistances(points, static_cast<Eigen::Index>(std::min(clustered, kMaxSilhouette)));
  PersonaFit fit{.silhouette = -std::numeric_limits<double>::infinity()};
  Clustering best;
  const int max = std::min(plan.spec.personas_max, static_cast<int>(observations.size() / kMinCustomersEach));
  for (int k = plan.spec.personas_min; k <= max; ++k) {
    Clustering clustering = KMeans(points, k, seed + static_cast<uint64_t>(k));
    const double silhouette =
        MeanSilhouette(distances, clustering.assignments, static_cast<int>(clustering.centroids.rows()));
    if (silhouette <= fit.silhouette) continue;
    fit.silhouette = silhouette;
    best = std::move(clustering);
  }
  features.model.centroids.assign(best.centroids.data(), best.centroids.data() + best.centroids.size());
  fit.model = features.model;
  std::vector<float> row(fit.model.columns);
  fit.assignments.reserve(observations.size());
  for (const Observation& observation : observations) {
    features.EncodeObservation(observation, absl::MakeSpan(row));
    fit.assignments.push_back(static_cast<int>(NearestRow(fit.model, row)));
  }
  return fit;
}

std::vector<int> MatchPersonas(const PersonaModel& model, const PersonaModel& previous) {
  std::vector<bool> common(model.columns);
  std::vector<std::vector<float>> before;
  for (size_t i = 0; i < previous.size(); ++i) before.push_back(Translate(previous, i, model, common));
  std::vector<double> separation(previous.size(), std::numeric_limits<double>::infinity());
  for (size_t i = 0; i < before.size(); ++i) {
    for (size_t j = 0; j < before.size(); ++j) {
      if (i != j) separation[i] = std::min(separation[i], Distance(before[i], before[j], common));
    }
  }
  std::vector<std::tuple<double, size_t, size_t>> pairs;
  for (size_t i = 0; i < model.size(); ++i) {
    const absl::Span<const float> centroid(model.centroids.data() + i * model.columns, model.columns);
    for (size_t j = 0; j < before.size(); ++j) {
      const double distance = Distance(centroid, before[j], common);
      if (distance <= separation[j] / 2) pairs.emplace_back(distance, i, j);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<int> matches(model.size(), -1);
  std::vector<bool> taken(before.size());
  for (const auto& [distance, i, j] : pairs) {
    if (matches[i] >= 0 || taken[j]) continue;
    matches[i] = static_cast<int>(j);
    taken[j] = true;
  }
  return matches;
}

}  // namespace waymark::segmentation
