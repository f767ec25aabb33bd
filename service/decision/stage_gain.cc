#include "service/decision/stage_gain.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "service/journey/visits.h"

namespace waymark::decision {

using playbook::kNone;

const StageGains::Values& StageGains::ValuesOf(int index) {
  const playbook::Playbook& playbook = evaluation_.playbook();
  if (values_.empty()) values_.resize(playbook.journeys.size());
  const auto j = static_cast<size_t>(index);
  Values& values = values_[j];
  if (values.known) return values;
  values.known = true;
  const playbook::Journey& journey = playbook.journeys[j];
  const auto position =
      std::find_if(positions_.begin(), positions_.end(), [&](const auto& at) { return at.journey == journey.id; });
  if (position == positions_.end()) return values;
  values.current = journey::StageIndex(journey, position->current.stage);
  if (playbook.learned_stage_values.empty()) return values;
  for (int segment : playbook.learned_stage_values[j].segments) {
    if (!evaluation_.frame().InSegment(segment)) continue;
    values.segment = segment;
    break;
  }
  return values;
}

absl::optional<double> StageGains::Of(const playbook::StageReference& moves_to, std::string* detail) {
  const int index = std::max(moves_to.journey, 0);
  const playbook::Playbook& playbook = evaluation_.playbook();
  const playbook::Journey& journey = playbook.journeys[static_cast<size_t>(index)];
  const Values& values = ValuesOf(index);
  if (values.current == kNone) {
    if (detail != nullptr) *detail = "the customer is not on that journey";
    return absl::nullopt;
  }
  const int target = moves_to.journey != kNone ? moves_to.stage : values.current + 1;
  if (target >= static_cast<int>(journey.stages.size())) return 0.0;
  const absl::optional<double> from = StageValueOf(playbook, index, values.current, values.segment);
  const absl::optional<double> to = StageValueOf(playbook, index, target, values.segment);
  if (from.has_value() && to.has_value()) return std::max(*to - *from, 0.0);
  if (detail != nullptr) {
    const int unknown = from.has_value() ? target : values.current;
    *detail = absl::StrCat("what the stage ", journey.stages[static_cast<size_t>(unknown)].name,
                           " is worth is neither stated nor learned");
  }
  return absl::nullopt;
}

}  // namespace waymark::decision
