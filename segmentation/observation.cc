#include "segmentation/observation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace waymark::segmentation {
namespace {

constexpr size_t kMaxBits = 64;
constexpr absl::Duration kEventWindow = absl::Hours(24 * 365);
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::vector<NameId> CategoryTraits(const ObservationPlan& plan) {
  std::vector<NameId> traits;
  for (const FeatureSource& source : plan.categories) {
    if (source.kind == FeatureKind::kCategory) traits.push_back(source.name);
  }
  return traits;
}

// The strongest affinity to a label and to a channel.
std::pair<NameId, NameId> Strongest(const std::vector<Affinity>& affinities, absl::Span<const NameId> channels) {
  std::pair<NameId, NameId> strongest{kMissing, kMissing};
  double label_weight = -INFINITY;
  double channel_weight = -INFINITY;
  for (const Affinity& affinity : affinities) {
    const bool channel = std::binary_search(channels.begin(), channels.end(), affinity.name);
    double& weight = channel ? channel_weight : label_weight;
    if (affinity.log2_weight <= weight) continue;
    weight = affinity.log2_weight;
    (channel ? strongest.second : strongest.first) = affinity.name;
  }
  return strongest;
}

double NumberOf(const TraitValue& value) {
  double number = kUnknown;
  if (const auto* integer = absl::get_if<int64_t>(&value)) number = static_cast<double>(*integer);
  if (const auto* real = absl::get_if<double>(&value)) number = *real;
  return std::isfinite(number) ? number : kUnknown;
}

}  // namespace

NameId IdOfBool(bool value) { return NameIdOf(value ? "true" : "false"); }

FeatureReader::FeatureReader(const Profile& profile, NameId purchase, absl::Span<const NameId> channels, absl::Time now)
    : profile_(profile), now_(now) {
  if (const Series* series = profile.ledger.Find(purchase)) purchases_ = PurchaseHistoryOf(*series, now);
  std::tie(label_, channel_) = Strongest(profile.affinities, channels);
}

double FeatureReader::Number(const FeatureSource& source) const {
  switch (source.kind) {
    case FeatureKind::kNumber: {
      const Trait* trait = FindTrait(profile_, source.name);
      return trait == nullptr ? kUnknown : NumberOf(trait->value);
    }
    case FeatureKind::kRecency:
      return purchases_ ? purchases_->recency_days : kUnknown;
    case FeatureKind::kOrders:
      return purchases_ ? static_cast<double>(purchases_->orders) : 0;
    case FeatureKind::kMonetary:
      return purchases_ ? static_cast<double>(purchases_->revenue_micros) / 1e6 : 0;
    case FeatureKind::kEvents:
      return static_cast<double>(profile_.ledger.Query(source.name, now_, kEventWindow).count);
    default:
      return kUnknown;
  }
}

NameId FeatureReader::Category(const FeatureSource& source) const {
  if (source.kind == FeatureKind::kLabel) return label_;
  if (source.kind == FeatureKind::kChannel) return channel_;
  const Trait* trait = FindTrait(profile_, source.name);
  if (trait == nullptr) return kMissing;
  if (const auto* text = absl::get_if<std::string>(&trait->value)) return NameIdOf(*text);
  if (const auto* boolean = absl::get_if<bool>(&trait->value)) return IdOfBool(*boolean);
  return kMissing;
}

ObservationPlan::ObservationPlan(PopulationSpec asked) : spec(std::move(asked)) {
  using Type = PopulationSpec::TraitType;
  const NameId purchase = spec.purchase;
  spec.events.erase(std::remove_if(spec.events.begin(), spec.events.end(),
                                   [purchase](const PopulationSpec::Name& event) { return event.id == purchase; }),
                    spec.events.end());
  spec.events.resize(std::min(spec.events.size(), kMaxBits));
  spec.pain_points.resize(std::min(spec.pain_points.size(), kMaxBits));
  for (const PopulationSpec::Trait& trait : spec.traits) {
    const bool number = trait.type == Type::kInt || trait.type == Type::kDouble;
    if (number) {
      numbers.push_back({FeatureKind::kNumber, trait.id});
    } else {
      categories.push_back({FeatureKind::kCategory, trait.id});
    }
  }
  for (FeatureKind kind : {FeatureKind::kRecency, FeatureKind::kOrders, FeatureKind::kMonetary})
    numbers.push_back({kind});
  for (const PopulationSpec::Name& event : spec.events) numbers.push_back({FeatureKind::kEvents, event.id});
  categories.push_back({FeatureKind::kLabel});
  categories.push_back({FeatureKind::kChannel});
  for (const PopulationSpec::Name& channel : spec.channels) channels.push_back(channel.id);
  std::sort(channels.begin(), channels.end());
}

Observation Observe(const ObservationPlan& plan, uint64_t key, const Profile& profile, absl::Time now) {
  const FeatureReader reader(profile, plan.spec.purchase, plan.channels, now);
  Observation observation{.key = key, .purchases = reader.purchases()};
  observation.numbers.reserve(plan.numbers.size());
  for (const FeatureSource& source : plan.numbers) observation.numbers.push_back(reader.Number(source));
  observation.categories.reserve(plan.categories.size());
  for (const FeatureSource& source : plan.categories) observation.categories.push_back(reader.Category(source));
  if (const JourneyPosition* position = FindPosition(profile, plan.spec.journey))
    observation.stage = position->current.stage;
  for (size_t i = 0; i < plan.spec.pain_points.size(); ++i) {
    if (profile.ledger.Find(plan.spec.pain_points[i].id) != nullptr) observation.pain_points |= uint64_t{1} << i;
  }
  return observation;
}

Sampler::Sampler(const ObservationPlan& plan, uint64_t seed, absl::Time now, size_t max_sample)
    : plan_(plan), seed_(seed), now_(now), sample_(max_sample), texts_(CategoryTraits(plan)) {}

void Sampler::Add(absl::string_view customer, const Profile& profile) {
  ++counts_.customers;
  const Series* series = profile.ledger.Find(plan_.spec.purchase);
  if (const auto purchases = series != nullptr ? PurchaseHistoryOf(*series, now_) : absl::nullopt) {
    ++counts_.buyers;
    counts_.orders += purchases->orders;
    counts_.revenue_micros += purchases->revenue_micros;
    counts_.one_time_buyers += purchases->orders == 1 ? 1 : 0;
  }
  // Of everyone, sampled or not, so that which traits have too many values does not depend on the order.
  texts_.Add(profile);
  const uint64_t key = StableHash(customer, seed_);
  if (sample_.Wants(key)) sample_.Put(Observe(plan_, key, profile, now_));
}

PopulationSample Sampler::Take() {
  return {.counts = std::exchange(counts_, {}), .observations = sample_.Take(), .values = texts_.Take()};
}

}  // namespace waymark::segmentation
