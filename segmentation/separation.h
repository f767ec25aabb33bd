#ifndef WAYMARK_SEGMENTATION_SEPARATION_H_
#define WAYMARK_SEGMENTATION_SEPARATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/observation.h"
#include "segmentation/profile.h"
#include "segmentation/sample.h"
#include "segmentation/stable_hash.h"

namespace waymark::segmentation {

// What may separate those who did something from the others.
struct SeparationSpec {
  PopulationSpec::Name conversion;            // the event type that makes a converter
  absl::optional<absl::Duration> within;      // who did it within this long; none: ever
  std::vector<PopulationSpec::Trait> traits;  // `customer.<name>`; the first 128
  std::vector<PopulationSpec::Name>
      events;  // `count(name, window)`, but for the conversion and its labels; the first 64
  size_t max_rules = 10;
};

// A rule and, of the customers looked at, how many it holds for and how many of these are converters.
struct SeparatingRule {
  std::string rule;  // CEL
  int64_t customers = 0;
  int64_t converters = 0;
  double lift = 0;  // the rate of converters among them, over that of everyone
};

// The best rules first, of the customers looked at.
struct Separation {
  std::vector<SeparatingRule> rules;
  int64_t customers = 0;  // everyone up to kMaxSample, beyond it a random sample of so many
  int64_t converters = 0;
};

// Finds rules of one or two conditions that hold for more converters than chance would: thresholds of numbers at their
// deciles, the 12 most frequent values of categories, booleans, counts of events within 7, 30, 90 and 365 days. A rule
// is scored by the chi-square statistic of its fourfold table (equal to the squared correlation of rule and conversion,
// times the customers), which weighs lift against support; it holds for at least 1 % of the customers and 20 of them,
// and scores at least 15, so that chance among thousands of rules is not proposed. One of two conditions scores a tenth
// more than either alone. No two hold for nearly the same customers (four fifths of those of either). A missing trait
// is guarded with has(). Conditions of a trait that has more than TraitTexts::kMaxValues texts are not tried.
//
// Takes everyone, one by one and in any order. Deterministic. Room: kMaxSample x (8 a trait, 16 an event type) bytes,
// and in Take some 6 KB for each of the pairs of conditions that are worth keeping: up to 400 MB for a moment.
// Thread-compatible.
class Separator {
 public:
  static constexpr size_t kMaxSample = 50'000;
  static constexpr int64_t kMinCustomers = 20;
  static constexpr double kMinShare = 0.01;
  static constexpr double kMinScore = 15;

  // `max_sample` is for tests.
  Separator(SeparationSpec spec, uint64_t seed, absl::Time now, size_t max_sample = kMaxSample);

  void Add(absl::string_view customer, const Profile& profile);

  // Nothing is left afterwards. O(sample x conditions) and O(sample x pairs / 64), at most 60,000 pairs: about a
  // second.
  Separation Take();

  // What is kept of a customer.
  struct Row {
    uint64_t key = 0;
    bool converter = false;
    std::vector<double> numbers;     // of INT and DOUBLE traits; NaN: missing
    std::vector<NameId> categories;  // of STRING and BOOL traits
    std::vector<uint32_t> counts;    // events x windows
  };

 private:
  const SeparationSpec spec_;
  const uint64_t seed_;
  const absl::Time now_;
  SmallestKeys<Row> sample_;
  TraitTexts texts_;
};

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_SEPARATION_H_
