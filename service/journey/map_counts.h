#ifndef WAYMARK_SERVICE_JOURNEY_MAP_COUNTS_H_
#define WAYMARK_SERVICE_JOURNEY_MAP_COUNTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "segmentation/stable_hash.h"
#include "service/journey/histogram.h"
#include "service/journey/paths.h"

namespace waymark::journey {

// What a journey map is made of, as integers: counts of disjoint sets of customers add up, in any order and any
// grouping, to the same bits. Values; thread-compatible.

// Sums over customers' mean emotions: each person counts once. 900 million people fit.
struct EmotionSums {
  static constexpr int64_t kUnit = 100'000;  // 1.0

  int64_t people = 0;
  int64_t responses = 0;
  int64_t sum = 0;      // of the means, in units
  int64_t squares = 0;  // of the means, in units squared
  int64_t unhappy = 0;  // people whose mean is below 0

  void Add(const EmotionSums& other);
  friend bool operator==(const EmotionSums&, const EmotionSums&) = default;
};

// Sums over customers' newest scores, in hundredths.
struct ScoreSums {
  int64_t people = 0;
  int64_t sum = 0;
  int64_t squares = 0;
  int64_t satisfied = 0;

  void Add(const ScoreSums& other);
  friend bool operator==(const ScoreSums&, const ScoreSums&) = default;
};

// Counts by event type, ascending by type, none of them 0.
using TypeCounts = std::vector<std::pair<segmentation::NameId, int64_t>>;
void AddTo(TypeCounts& counts, segmentation::NameId type, int64_t count);
void AddTo(TypeCounts& counts, const TypeCounts& more);

// Stays of a stage that ended within the period.
struct StayCounts {
  int64_t ended = 0;
  int64_t progressed = 0;  // to a stage that comes later on the road
  int64_t dropped = 0;     // to one that comes earlier

  void Add(const StayCounts& other);
  friend bool operator==(const StayCounts&, const StayCounts&) = default;
};

struct StageCounts {
  int64_t entries = 0;
  int64_t customers = 0;  // with an entry
  int64_t present = 0;    // customers who stood here at some time of the period
  int64_t standing = 0;
  int64_t volume = 0;
  int64_t lost = 0;      // customers whose last stay here ended within the period by falling back
  int64_t troubled = 0;  // customers with a complaint, ticket or return here
  StayCounts stays;
  std::vector<int64_t> moves;  // by the stage that came next, as MapCounts::stages; so many as there
  DurationHistogram dwell;     // of all that ended
  DurationHistogram velocity;  // of those that progressed
  EmotionSums emotion;

  void Add(const StageCounts& other);
  friend bool operator==(const StageCounts&, const StageCounts&) = default;
};

// A stage x a touchpoint.
struct CellCounts {
  int64_t customers = 0;  // with an event
  int64_t lost = 0;       // as StageCounts::lost, where that stay had an event here before it ended
  int64_t troubled = 0;   // customers with a complaint, ticket or return here
  StayCounts stays;       // with an event here before they ended
  TypeCounts events;      // all events, by type
  EmotionSums emotion;

  int64_t volume() const;
  void Add(const CellCounts& other);
  friend bool operator==(const CellCounts&, const CellCounts&) = default;
};

struct TouchpointCounts {
  int64_t customers = 0;
  EmotionSums emotion;
  std::vector<CellCounts> cells;  // as MapCounts::stages; so many as there

  int64_t volume() const;
  void Add(const TouchpointCounts& other);
  friend bool operator==(const TouchpointCounts&, const TouchpointCounts&) = default;
};

// An action that was shown, or of which something came.
struct ActionCounts {
  int64_t shown = 0;
  TypeCounts outcomes;
  std::vector<StayCounts> stays;  // as MapCounts::stages: with it before they ended

  void Add(const ActionCounts& other);
  friend bool operator==(const ActionCounts&, const ActionCounts&) = default;
};

// Customers whose first order was in one month, and in how many of the months that followed they ordered again.
struct CohortCounts {
  static constexpr size_t kMonths = 12;  // shown

  int64_t customers = 0;
  std::array<int64_t, kMonths - 1> active{};  // 1, 2, ... months later

  void Add(const CohortCounts& other);
  friend bool operator==(const CohortCounts&, const CohortCounts&) = default;
};

struct KpiCounts {
  int64_t promoters = 0;
  int64_t passives = 0;
  int64_t detractors = 0;
  ScoreSums csat;
  ScoreSums ces;
  ScoreSums rating;

  int64_t buyers = 0;             // within the period
  int64_t repeat_buyers = 0;      // of these, for whom it was not the first order
  int64_t first_time_buyers = 0;  // whose first order was within the period
  int64_t onboarded = 0;          // of these, who used the product or came to a later stage
  int64_t advocates = 0;          // buyers who referred a friend, shared, or gave 4 stars
  int64_t earlier_buyers = 0;     // in the period of the same length before
  int64_t churned = 0;            // of these, not within the period
  int64_t revenue_micros = 0;     // within the period
  int64_t lifetime_values = 0;    // customers of whom it is known
  int64_t lifetime_value_micros = 0;
  absl::btree_map<int32_t, CohortCounts> cohorts;  // by month, counted from January 1970

  void Add(const KpiCounts& other);
  friend bool operator==(const KpiCounts&, const KpiCounts&) = default;
};

// The place of undeclared touchpoints beyond MapCounts::kMaxUndeclared.
inline constexpr segmentation::NameId kOtherTouchpoint{0xffffffff};

struct MapCounts {
  static constexpr size_t kMaxUndeclared = 1'000;
  static constexpr size_t kMaxPaths = 10'000;

  MapCounts() = default;  // adds to anything
  // Of a journey of so many stages.
  explicit MapCounts(size_t journey_stages);

  int64_t customers = 0;
  int64_t incomplete_customers = 0;
  // Those of the journey, in its order, and at the end one more for stages that the playbook does not have any more.
  std::vector<StageCounts> stages;
  // NameId{}: events without a touchpoint.
  absl::flat_hash_map<segmentation::NameId, TouchpointCounts> touchpoints;
  // Of the touchpoints, those that the playbook does not declare, and their texts; empty where one was lost. The
  // kMaxUndeclared of the smallest ids are kept, and all others counted as kOtherTouchpoint, each on its own: whoever
  // was at two of them is two customers there.
  absl::btree_map<segmentation::NameId, std::string> undeclared;
  absl::flat_hash_map<segmentation::NameId, ActionCounts> actions;
  std::vector<int64_t> furthest;  // customers by the furthest stage in which they stood; one a stage of the journey

  // Conformance: customers who left the first stage; of them, who then took each next stage; and where the others first
  // did not: deviations[from * stages.size() + to].
  int64_t left_first = 0;
  int64_t followed = 0;
  std::vector<int64_t> deviations;
  // Customers by the stages in which they stood within the period. The kMaxPaths of the smallest keys, so the shortest;
  // customers on any other are in `other_paths`.
  absl::btree_map<PathKey, int64_t> paths;
  int64_t other_paths = 0;

  KpiCounts kpis;

  // Counts of other customers on the same journey under the same playbook. O(other).
  void Add(const MapCounts& other);

  // The counts of a touchpoint that the playbook does not declare: its own, or those of kOtherTouchpoint. `text` may be
  // empty. O(log undeclared).
  TouchpointCounts& Undeclared(segmentation::NameId touchpoint, absl::string_view text);
  // Of one that it declares, or of NameId{}.
  TouchpointCounts& Declared(segmentation::NameId touchpoint);
  ActionCounts& Action(segmentation::NameId action);
  void AddPath(PathKey path, int64_t count);

  friend bool operator==(const MapCounts&, const MapCounts&) = default;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_MAP_COUNTS_H_
