#include "service/journey/map_counts.h"

#include <algorithm>
#include <utility>

namespace waymark::journey {
namespace {

using segmentation::NameId;

// Adds element by element; one that is empty counts as zeros.
template <typename T>
void AddEach(std::vector<T>& sums, const std::vector<T>& more) {
  if (sums.size() < more.size()) sums.resize(more.size());
  for (size_t i = 0; i < more.size(); ++i) {
    if constexpr (std::is_integral_v<T>) {
      sums[i] += more[i];
    } else {
      sums[i].Add(more[i]);
    }
  }
}

}  // namespace

void EmotionSums::Add(const EmotionSums& other) {
  people += other.people;
  responses += other.responses;
  sum += other.sum;
  squares += other.squares;
  unhappy += other.unhappy;
}

void ScoreSums::Add(const ScoreSums& other) {
  people += other.people;
  sum += other.sum;
  squares += other.squares;
  satisfied += other.satisfied;
}

void AddTo(TypeCounts& counts, NameId type, int64_t count) {
  auto it = std::lower_bound(counts.begin(), counts.end(), type,
                             [](const auto& known, NameId sought) { return known.first < sought; });
  if (it == counts.end() || it->first != type) it = counts.insert(it, {type, 0});
  it->second += count;
}

void AddTo(TypeCounts& counts, const TypeCounts& more) {
  for (const auto& [type, count] : more) AddTo(counts, type, count);
}

void StayCounts::Add(const StayCounts& other) {
  ended += other.ended;
  progressed += other.progressed;
  dropped += other.dropped;
}

void StageCounts::Add(const StageCounts& other) {
  entries += other.entries;
  customers += other.customers;
  present += other.present;
  standing += other.standing;
  volume += other.volume;
  lost += other.lost;
  troubled += other.troubled;
  stays.Add(other.stays);
  AddEach(moves, other.moves);
  dwell.Add(other.dwell);
  velocity.Add(other.velocity);
  emotion.Add(other.emotion);
}

int64_t CellCounts::volume() const {
  int64_t volume = 0;
  for (const auto& [type, count] : events) volume += count;
  return volume;
}

void CellCounts::Add(const CellCounts& other) {
  customers += other.customers;
  lost += other.lost;
  troubled += other.troubled;
  stays.Add(other.stays);
  AddTo(events, other.events);
  emotion.Add(other.emotion);
}

int64_t TouchpointCounts::volume() const {
  int64_t volume = 0;
  for (const CellCounts& cell : cells) volume += cell.volume();
  return volume;
}

void TouchpointCounts::Add(const TouchpointCounts& other) {
  customers += other.customers;
  emotion.Add(other.emotion);
  AddEach(cells, other.cells);
}

void ActionCounts::Add(const ActionCounts& other) {
  shown += other.shown;
  AddTo(outcomes, other.outcomes);
  AddEach(stays, other.stays);
}

void CohortCounts::Add(const CohortCounts& other) {
  customers += other.customers;
  for (size_t i = 0; i < active.size(); ++i) active[i] += other.active[i];
}

void KpiCounts::Add(const KpiCounts& other) {
  promoters += other.promoters;
  passives += other.passives;
  detractors += other.detractors;
  csat.Add(other.csat);
  ces.Add(other.ces);
  rating.Add(other.rating);
  buyers += other.buyers;
  repeat_buyers += other.repeat_buyers;
  first_time_buyers += other.first_time_buyers;
  onboarded += other.onboarded;
  advocates += other.advocates;
  earlier_buyers += other.earlier_buyers;
  churned += other.churned;
  revenue_micros += other.revenue_micros;
  lifetime_values += other.lifetime_values;
  lifetime_value_micros += other.lifetime_value_micros;
  for (const auto& [month, cohort] : other.cohorts) cohorts[month].Add(cohort);
}

MapCounts::MapCounts(size_t journey_stages)
    : stages(journey_stages + 1), furthest(journey_stages), deviations(stages.size() * stages.size()) {
  for (StageCounts& stage : stages) stage.moves.resize(stages.size());
}

TouchpointCounts& MapCounts::Declared(NameId touchpoint) {
  TouchpointCounts& counts = touchpoints[touchpoint];
  if (counts.cells.empty()) counts.cells.resize(stages.size());
  return counts;
}

TouchpointCounts& MapCounts::Undeclared(NameId touchpoint, absl::string_view text) {
  auto it = undeclared.find(touchpoint);
  if (it == undeclared.end()) {
    if (undeclared.size() >= kMaxUndeclared) {
      const auto largest = std::prev(undeclared.end());
      if (largest->first < touchpoint) return Declared(kOtherTouchpoint);
      auto evicted = touchpoints.extract(largest->first);
      Declared(kOtherTouchpoint).Add(evicted.mapped());
      undeclared.erase(largest);
    }
    it = undeclared.try_emplace(touchpoint).first;
  }
  // Of several texts of one id the smallest, so that the order does not matter.
  std::string& known = it->second;
  if (!text.empty() && (known.empty() || text < known)) known = std::string(text);
  return Declared(touchpoint);
}

ActionCounts& MapCounts::Action(NameId action) {
  ActionCounts& counts = actions[action];
  if (counts.stays.empty()) counts.stays.resize(stages.size());
  return counts;
}

void MapCounts::AddPath(PathKey path, int64_t count) {
  auto it = paths.find(path);
  if (it == paths.end() && paths.size() >= kMaxPaths) {
    const auto largest = std::prev(paths.end());
    if (largest->first < path) {
      other_paths += count;
      return;
    }
    other_paths += largest->second;
    paths.erase(largest);
  }
  paths[path] += count;
}

void MapCounts::Add(const MapCounts& other) {
  customers += other.customers;
  incomplete_customers += other.incomplete_customers;
  AddEach(stages, other.stages);
  for (const auto& [touchpoint, counts] : other.touchpoints) {
    const auto text = other.undeclared.find(touchpoint);
    TouchpointCounts& sum =
        text == other.undeclared.end() ? Declared(touchpoint) : Undeclared(touchpoint, text->second);
    sum.Add(counts);
  }
  for (const auto& [action, counts] : other.actions) Action(action).Add(counts);
  AddEach(furthest, other.furthest);
  left_first += other.left_first;
  followed += other.followed;
  AddEach(deviations, other.deviations);
  for (const auto& [path, count] : other.paths) AddPath(path, count);
  other_paths += other.other_paths;
  kpis.Add(other.kpis);
}

}  // namespace waymark::journey
