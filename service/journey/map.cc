#include "service/journey/map.h"

#include <algorithm>
#include <cstddef>

#include "service/journey/map_parts.h"

namespace waymark::journey {
namespace {

using playbook::Journey;
using playbook::Playbook;

std::vector<MapMove> MovesOf(const Journey& journey, const StageCounts& counts) {
  std::vector<MapMove> moves;
  for (size_t to = 0; to < counts.moves.size(); ++to) {
    if (counts.moves[to] == 0) continue;
    moves.push_back({StageName(journey, to), counts.moves[to],
                     static_cast<double>(counts.moves[to]) / static_cast<double>(counts.stays.ended)});
  }
  return moves;
}

MapStage StageOf(const Playbook& playbook, const Journey& journey, size_t index, const StageCounts& counts,
                 const MapOptions& options) {
  const playbook::Stage& stage = journey.stages[index];
  MapStage shown{.stage = stage.name, .labels = stage.labels, .goal = stage.goal};
  for (const segmentation::NameId id : stage.touchpoints) {
    shown.expected_touchpoints.emplace_back(playbook::NameOf(playbook, id));
  }
  shown.entries = counts.entries;
  shown.customers = counts.customers;
  shown.present = counts.present;
  shown.standing = counts.standing;
  shown.volume = counts.volume;
  shown.moves = MovesOf(journey, counts);
  shown.progressed = ShareOf(counts.stays.progressed, counts.stays.ended);
  shown.dropped = ShareOf(counts.stays.dropped, counts.stays.ended);
  shown.dwell_median = counts.dwell.Quantile(0.5);
  shown.dwell_p90 = counts.dwell.Quantile(0.9);
  shown.velocity_median = counts.velocity.Quantile(0.5);
  shown.emotion = EmotionFrom(counts.emotion, options.min_people);
  shown.value = stage.value;
  if (index < options.stage_values.size() && options.stage_values[index].has_value()) {
    shown.value = options.stage_values[index];
  }
  return shown;
}

MapCell CellOf(const Playbook& playbook, const Journey& journey, size_t stage, const PlacedTouchpoint& place,
               const CellCounts& counts, int min_people) {
  MapCell cell{.stage = StageName(journey, stage), .touchpoint = place.touchpoint.touchpoint};
  cell.volume = counts.volume();
  cell.customers = counts.customers;
  cell.emotion = EmotionFrom(counts.emotion, min_people);
  cell.progressed = ShareOf(counts.stays.progressed, counts.stays.ended);
  cell.events = EventsOf(playbook, counts.events);
  if (stage < journey.stages.size() && place.named) {
    const std::vector<segmentation::NameId>& expected = journey.stages[stage].touchpoints;
    cell.expected = std::find(expected.begin(), expected.end(), place.id) != expected.end();
  }
  return cell;
}

}  // namespace

JourneyMap BuildMap(const Playbook& playbook, int journey_index, const MapCounts& counts, const MapOptions& options) {
  const Journey& journey = playbook.journeys[journey_index];
  const MapTouchpoints touchpoints(playbook, journey, counts, options.min_people);
  JourneyMap map{.journey = journey.name, .playbook_version = playbook.version};
  map.customers = counts.customers;
  map.incomplete_customers = counts.incomplete_customers;
  for (size_t i = 0; i < journey.stages.size(); ++i) {
    map.stages.push_back(StageOf(playbook, journey, i, counts.stages[i], options));
  }
  for (const PlacedTouchpoint& place : touchpoints.all()) map.touchpoints.push_back(place.touchpoint);
  for (size_t stage = 0; stage < counts.stages.size(); ++stage) {
    for (const PlacedTouchpoint& place : touchpoints.all()) {
      if (place.counts->cells.empty() || place.counts->cells[stage].customers == 0) continue;
      map.cells.push_back(CellOf(playbook, journey, stage, place, place.counts->cells[stage], options.min_people));
    }
  }
  map.pain_points = FindPainPoints(journey, counts, touchpoints, options.min_people);
  map.opportunities = FindOpportunities(playbook, journey, counts, touchpoints, options.min_people);
  map.kpis = BuildKpis(playbook, journey, counts, options);
  map.conformance = BuildConformance(journey, counts);
  return map;
}

}  // namespace waymark::journey
