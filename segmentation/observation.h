#ifndef WAYMARK_SEGMENTATION_OBSERVATION_H_
#define WAYMARK_SEGMENTATION_OBSERVATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/profile.h"
#include "segmentation/purchase_history.h"
#include "segmentation/sample.h"
#include "segmentation/stable_hash.h"

namespace waymark::segmentation {

enum class LifetimeValueMethod : uint8_t { kBgNbd, kPlain };

// What the playbook asks of a population: a value made when the playbook is compiled. Names are for people; ids are
// what profiles hold.
struct PopulationSpec {
  struct Name {
    NameId id{};
    std::string name;
  };
  enum class TraitType : uint8_t { kBool, kInt, kDouble, kString };
  struct Trait {
    NameId id{};
    std::string name;
    TraitType type{};
  };
  struct Stage {
    NameId id{};
    std::string name;
    std::string goal;  // empty: it has none
  };

  NameId purchase{};  // the event type that counts as an order
  LifetimeValueMethod lifetime_value = LifetimeValueMethod::kBgNbd;
  absl::Duration horizon = absl::Hours(24) * 365;    // of kBgNbd
  absl::Duration lifespan = absl::Hours(24) * 1095;  // of kPlain
  int personas_min = 3;
  int personas_max = 8;
  std::vector<Trait> traits;      // for personas and bins
  std::vector<Name> events;       // whose counts are behaviour; the purchase is left out. The first 64 are looked at
  std::vector<Name> labels;       // that cards may name
  std::vector<Name> channels;     // the playbook's
  NameId journey{};               // the primary one
  std::vector<Stage> stages;      // of it
  std::vector<Name> pain_points;  // event types. The first 64 are looked at
};

// What a feature reads of a profile.
enum class FeatureKind : uint8_t {
  kNumber,    // a trait, INT or DOUBLE
  kCategory,  // a trait, STRING or BOOL
  kRecency,   // days since the last order
  kOrders,
  kMonetary,  // of all orders, whole units
  kEvents,    // of a type within the last 365 days
  kLabel,     // the strongest affinity to a label
  kChannel,   // the strongest affinity to a channel
};

struct FeatureSource {
  FeatureKind kind{};
  NameId name{};  // of kNumber, kCategory, kEvents

  friend bool operator==(const FeatureSource&, const FeatureSource&) = default;
};

constexpr bool IsCategory(FeatureKind kind) {
  return kind == FeatureKind::kCategory || kind == FeatureKind::kLabel || kind == FeatureKind::kChannel;
}

// The id of no category: the value is missing.
inline constexpr NameId kMissing{};

// Reads features of one profile, the purchases and affinities once. Borrows all it is given.
class FeatureReader {
 public:
  // `channels` are ascending.
  FeatureReader(const Profile& profile, NameId purchase, absl::Span<const NameId> channels, absl::Time now);

  // NaN where it is missing. REQUIRES: a number.
  double Number(const FeatureSource& source) const;
  // The id of the value, kMissing where it is missing. REQUIRES: a category.
  NameId Category(const FeatureSource& source) const;

  const absl::optional<PurchaseHistory>& purchases() const { return purchases_; }

 private:
  const Profile& profile_;
  const absl::Time now_;
  absl::optional<PurchaseHistory> purchases_;
  NameId label_ = kMissing;
  NameId channel_ = kMissing;
};

// The ids of a BOOL trait's values.
NameId IdOfBool(bool value);

// What is read of everyone: a spec, resolved.
struct ObservationPlan {
  explicit ObservationPlan(PopulationSpec spec);

  PopulationSpec spec;
  std::vector<FeatureSource> numbers;
  std::vector<FeatureSource> categories;
  std::vector<NameId> channels;  // ascending
};

// What is kept of one customer while everyone is looked at: some 100 bytes, 8 a number and 4 a category.
struct Observation {
  uint64_t key = 0;  // the customer's place in the sample
  absl::optional<PurchaseHistory> purchases;
  std::vector<double> numbers;     // as the plan's; NaN: missing
  std::vector<NameId> categories;  // as the plan's
  NameId stage = kMissing;         // of the primary journey, as it is stored
  uint64_t pain_points = 0;        // bit i: has shown the plan's pain point i
};

Observation Observe(const ObservationPlan& plan, uint64_t key, const Profile& profile, absl::Time now);

// Exact sums over everyone.
struct PopulationCounts {
  int64_t customers = 0;
  int64_t buyers = 0;  // with an order
  int64_t orders = 0;
  int64_t revenue_micros = 0;
  int64_t one_time_buyers = 0;

  friend bool operator==(const PopulationCounts&, const PopulationCounts&) = default;
};

// What a fit looks at.
struct PopulationSample {
  PopulationCounts counts;                // of everyone
  std::vector<Observation> observations;  // ascending by key, so in random order
  // The texts of the values of STRING traits, by trait, but for traits of too many values.
  absl::flat_hash_map<NameId, CategoryTexts> values;
};

// Takes everyone, one by one and in any order, and keeps the sample: the customers with the smallest StableHash of
// their id, seeded. Bounded: some 60 MB for a plan of 20 features. Thread-compatible.
class Sampler {
 public:
  static constexpr size_t kMaxSample = 200'000;

  // Borrows the plan. `max_sample` is for tests.
  Sampler(const ObservationPlan& plan, uint64_t seed, absl::Time now, size_t max_sample = kMaxSample);

  // Each customer once.
  void Add(absl::string_view customer, const Profile& profile);

  // Sorts. The sampler is empty afterwards.
  PopulationSample Take();

 private:
  const ObservationPlan& plan_;
  const uint64_t seed_;
  const absl::Time now_;
  PopulationCounts counts_;
  SmallestKeys<Observation> sample_;
  TraitTexts texts_;
};

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_OBSERVATION_H_
