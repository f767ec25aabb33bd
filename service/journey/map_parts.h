#ifndef WAYMARK_SERVICE_JOURNEY_MAP_PARTS_H_
#define WAYMARK_SERVICE_JOURNEY_MAP_PARTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "segmentation/stable_hash.h"
#include "service/journey/map.h"
#include "service/journey/map_counts.h"
#include "service/playbook/playbook.h"

namespace waymark::journey {

// What BuildMap is made of. Pure functions.

MapShare ShareOf(int64_t count, int64_t of);

// None of fewer than `min_people`.
absl::optional<MapEmotion> EmotionFrom(const EmotionSums& sums, int min_people);

// By name, the most frequent first. Types that the playbook does not have any more are one.
std::vector<MapEvents> EventsOf(const playbook::Playbook& playbook, const TypeCounts& counts);

// The stage of MapCounts::stages; empty for the last one, which no playbook has.
std::string StageName(const playbook::Journey& journey, size_t stage);

// A touchpoint of the map and its counts, which are never null.
struct PlacedTouchpoint {
  MapTouchpoint touchpoint;
  segmentation::NameId id{};
  const TouchpointCounts* counts = nullptr;
  bool named = false;  // a place that one can go to: neither "not known" nor "other"
};

// The touchpoints of a map in its order. Borrows the counts.
class MapTouchpoints {
 public:
  // "(other)": those beyond MapCounts::kMaxUndeclared, and those whose names were lost.
  static constexpr char kOther[] = "(other)";

  MapTouchpoints(const playbook::Playbook& playbook, const playbook::Journey& journey, const MapCounts& counts,
                 int min_people);
  MapTouchpoints(const MapTouchpoints&) = delete;
  MapTouchpoints& operator=(const MapTouchpoints&) = delete;

  const std::vector<PlacedTouchpoint>& all() const { return all_; }

 private:
  void Place(segmentation::NameId id, const TouchpointCounts& counts, MapTouchpoint touchpoint, bool named);

  const int min_people_;
  TouchpointCounts other_;
  const TouchpointCounts none_;
  std::vector<PlacedTouchpoint> all_;
};

std::vector<PainPoint> FindPainPoints(const playbook::Journey& journey, const MapCounts& counts,
                                      const MapTouchpoints& touchpoints, int min_people);
std::vector<Opportunity> FindOpportunities(const playbook::Playbook& playbook, const playbook::Journey& journey,
                                           const MapCounts& counts, const MapTouchpoints& touchpoints, int min_people);
JourneyKpis BuildKpis(const playbook::Playbook& playbook, const playbook::Journey& journey, const MapCounts& counts,
                      const MapOptions& options);
Conformance BuildConformance(const playbook::Journey& journey, const MapCounts& counts);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_MAP_PARTS_H_
