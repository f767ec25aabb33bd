#include <algorithm>
#include <cstddef>
#include <utility>

#include "service/journey/map_parts.h"
#include "service/journey/paths.h"

namespace waymark::journey {
namespace {

constexpr size_t kMaxShown = 20;

// Whether each stage follows the one before it on the road.
bool IsDeclared(const Path& path, size_t unknown_stage) {
  for (size_t i = 0; i < path.stages.size(); ++i) {
    if (path.stages[i] == unknown_stage || (i > 0 && path.stages[i] != path.stages[i - 1] + 1)) return false;
  }
  return !path.longer;
}

template <typename T>
void KeepMostFrequent(std::vector<T>& found) {
  std::stable_sort(found.begin(), found.end(), [](const T& a, const T& b) { return a.customers > b.customers; });
  if (found.size() > kMaxShown) found.resize(kMaxShown);
}

}  // namespace

Conformance BuildConformance(const playbook::Journey& journey, const MapCounts& counts) {
  Conformance conformance{.followed = ShareOf(counts.followed, counts.left_first)};
  for (size_t i = 0; i < counts.deviations.size(); ++i) {
    if (counts.deviations[i] == 0) continue;
    const size_t from = i / counts.stages.size();
    const size_t to = i % counts.stages.size();
    conformance.deviations.push_back(
        {StageName(journey, from), StageName(journey, from + 1), StageName(journey, to), counts.deviations[i]});
  }
  KeepMostFrequent(conformance.deviations);
  std::vector<std::pair<PathKey, int64_t>> paths(counts.paths.begin(), counts.paths.end());
  std::stable_sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (paths.size() > kMaxShown) paths.resize(kMaxShown);
  for (const auto& [key, customers] : paths) {
    const Path path = PathOf(key);
    MapPath shown{.longer = path.longer, .customers = customers, .declared = IsDeclared(path, journey.stages.size())};
    for (const size_t stage : path.stages) shown.stages.push_back(StageName(journey, stage));
    conformance.paths.push_back(std::move(shown));
  }
  return conformance;
}

}  // namespace waymark::journey
