#ifndef WAYMARK_SERVICE_JOURNEY_MAP_H_
#define WAYMARK_SERVICE_JOURNEY_MAP_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "service/journey/map_counts.h"
#include "service/journey/map_period.h"
#include "service/playbook/playbook.h"

namespace waymark::journey {

// The values of waymark.v1.JourneyMap, which says what they mean. Stages, touchpoints, actions and events are names;
// an empty stage is one that the playbook does not have any more.

struct MapEmotion {
  double mean = 0;  // -1 to 1, as its interval
  double low = 0;
  double high = 0;
  int64_t people = 0;
  int64_t responses = 0;
};

struct MapShare {
  int64_t count = 0;
  int64_t of = 0;
  double share = 0;  // 0 where `of` is 0
  double low = 0;    // 0 to 1 where `of` is 0
  double high = 0;
};

struct MapMove {
  std::string to_stage;
  int64_t count = 0;
  double share = 0;
};

struct MapStage {
  std::string stage;
  playbook::Labels labels;
  std::string goal;
  std::vector<std::string> expected_touchpoints;
  int64_t entries = 0;
  int64_t customers = 0;
  int64_t present = 0;
  int64_t standing = 0;
  int64_t volume = 0;
  std::vector<MapMove> moves;
  MapShare progressed;
  MapShare dropped;
  absl::optional<absl::Duration> dwell_median;
  absl::optional<absl::Duration> dwell_p90;
  absl::optional<absl::Duration> velocity_median;
  absl::optional<MapEmotion> emotion;
  absl::optional<double> value;  // whole units of the currency
};

struct MapTouchpoint {
  std::string touchpoint;
  std::string channel;
  playbook::Labels labels;
  bool undeclared = false;
  int64_t volume = 0;
  int64_t customers = 0;
  absl::optional<MapEmotion> emotion;
};

struct MapEvents {
  std::string event;
  int64_t volume = 0;
};

struct MapCell {
  std::string stage;
  std::string touchpoint;
  int64_t volume = 0;
  int64_t customers = 0;
  absl::optional<MapEmotion> emotion;
  MapShare progressed;
  std::vector<MapEvents> events;
  bool expected = false;
};

enum class PainPointKind { kDropOff, kEmotion, kTrouble };

struct PainPoint {
  PainPointKind kind{};
  std::string stage;
  std::string touchpoint;  // empty: the stage as a whole
  int64_t customers_lost = 0;
  double severity = 0;
  absl::optional<MapShare> here;
  absl::optional<MapShare> elsewhere;
  absl::optional<MapEmotion> emotion;
  std::string evidence;
};

struct Opportunity {
  std::string stage;
  std::string touchpoint;  // one of the two is empty
  std::string action;
  MapShare with;
  MapShare without;
  double gain = 0;
  double p_value = 0;
};

struct NpsKpi {
  double score = 0;
  double low = 0;
  double high = 0;
  int64_t promoters = 0;
  int64_t passives = 0;
  int64_t detractors = 0;
};

struct ScoreKpi {
  double mean = 0;
  double low = 0;
  double high = 0;
  MapShare satisfied;
  int64_t people = 0;
};

struct StageReach {
  std::string stage;
  MapShare reached;
};

struct MapCohort {
  absl::Time month;
  int64_t customers = 0;
  std::vector<int64_t> active;
};

struct OfferResponse {
  std::string action;
  int64_t shown = 0;
  std::vector<MapEvents> outcomes;
};

struct JourneyKpis {
  absl::optional<NpsKpi> nps;
  absl::optional<ScoreKpi> csat;
  absl::optional<ScoreKpi> ces;
  absl::optional<ScoreKpi> rating;
  std::vector<StageReach> reach;
  MapShare repeat_buyers;
  absl::optional<MapShare> churned;
  std::vector<MapCohort> cohorts;
  int64_t revenue_micros = 0;
  double revenue_per_customer = 0;  // whole units
  absl::optional<double> lifetime_value;
  MapShare onboarded;
  MapShare advocates;
  std::vector<OfferResponse> responses;
};

struct Deviation {
  std::string from_stage;
  std::string expected_stage;  // empty: the road ends at `from_stage`
  std::string actual_stage;
  int64_t customers = 0;
};

struct MapPath {
  std::vector<std::string> stages;
  bool longer = false;  // these are its first stages
  int64_t customers = 0;
  bool declared = false;
};

struct Conformance {
  MapShare followed;
  std::vector<Deviation> deviations;
  std::vector<MapPath> paths;
};

struct JourneyMap {
  std::string journey;
  uint64_t playbook_version = 0;
  int64_t customers = 0;
  int64_t incomplete_customers = 0;
  std::vector<MapStage> stages;
  std::vector<MapTouchpoint> touchpoints;
  std::vector<MapCell> cells;
  std::vector<PainPoint> pain_points;
  std::vector<Opportunity> opportunities;
  JourneyKpis kpis;
  Conformance conformance;
};

struct MapOptions {
  MapPeriod period;  // of the counts
  absl::Time as_of;  // an open period ends here
  int min_people = 10;
  // What a customer who stands in a stage is expected to bring, learned, in whole units; none or fewer: as the playbook
  // says it.
  absl::Span<const absl::optional<double>> stage_values;
};

// The map of a journey, from counts of everyone that it shows. Pure: equal counts give equal maps. O(counts), and some
// milliseconds for the tests of a thousand touchpoints. REQUIRES: an index of the playbook's journeys; the counts come
// from counters of this journey, under this playbook and period.
JourneyMap BuildMap(const playbook::Playbook& playbook, int journey, const MapCounts& counts,
                    const MapOptions& options);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_MAP_H_
