#include "service/journey/visits.h"

#include <algorithm>

namespace waymark::journey {

using segmentation::StageEntry;
using segmentation::Touch;

int StageIndex(const playbook::Journey& journey, segmentation::NameId stage) {
  const auto it = std::find_if(journey.stages.begin(), journey.stages.end(),
                               [stage](const playbook::Stage& known) { return known.id == stage; });
  return it == journey.stages.end() ? playbook::kNone : static_cast<int>(it - journey.stages.begin());
}

std::vector<Visit> VisitsOf(const playbook::Journey& journey, const segmentation::JourneyPosition& position,
                            const segmentation::Trail& trail) {
  std::vector<Visit> visits;
  visits.reserve(position.history.size() + 1);
  for (const StageEntry& entry : position.history) {
    visits.push_back({.stage = StageIndex(journey, entry.stage), .entered = entry.since});
  }
  visits.push_back({.stage = StageIndex(journey, position.current.stage), .entered = position.current.since});
  auto begin = trail.touches.begin();
  for (size_t i = 0; i < visits.size(); ++i) {
    auto end = trail.touches.end();
    if (i + 1 < visits.size()) {
      visits[i].left = visits[i + 1].entered;
      end = std::partition_point(begin, end, [&](const Touch& touch) { return touch.at <= visits[i].left; });
    }
    visits[i].touches =
        absl::MakeConstSpan(trail.touches)
            .subspan(static_cast<size_t>(begin - trail.touches.begin()), static_cast<size_t>(end - begin));
    begin = end;
  }
  return visits;
}

absl::Time WholeFrom(const segmentation::JourneyPosition& position, const segmentation::Trail& trail) {
  absl::Time from = trail.from;
  if (position.forgotten.empty()) return from;
  const StageEntry& oldest = position.history.empty() ? position.current : position.history.front();
  return std::max(from, oldest.since);
}

}  // namespace waymark::journey
