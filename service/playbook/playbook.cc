#include "service/playbook/playbook.h"

#include <algorithm>
#include <utility>

namespace waymark::playbook {

bool FitsPlacement(const Action& action, int placement) {
  return action.placements.empty() || std::binary_search(action.placements.begin(), action.placements.end(), placement);
}

bool FitsChannel(const Action& action, int channel) {
  const auto speaks = [channel](const Treatment& treatment) { return treatment.channel == channel; };
  return action.treatments.empty() || std::any_of(action.treatments.begin(), action.treatments.end(), speaks);
}

bool Refuses(const Playbook& playbook, const Action& action, const Action& other) {
  const auto names = [&action](NameId id) {
    return std::binary_search(action.never_with.begin(), action.never_with.end(), id);
  };
  if (action.never_with.empty()) return false;
  return names(other.id) || (other.group != kNone && names(playbook.groups[static_cast<size_t>(other.group)].id));
}

bool HasVariant(const Action& action, absl::string_view variant) {
  return std::any_of(action.treatments.begin(), action.treatments.end(),
                     [variant](const Treatment& treatment) { return treatment.variant == variant; });
}

bool Playbook::CountsContacts(int action, int channel) const {
  if (actions[action].kind == ActionKind::kNone) return false;  // doing nothing is no contact
  if (!actions[action].budgets.empty()) return true;
  if (!arbitration.limits.empty() || !actions[action].limits.empty() || actions[action].counted_by_others) return true;
  if (channel != kNone && !channels[channel].limits.empty()) return true;
  return std::any_of(counted_by_rules.begin(), counted_by_rules.end(), [&](NameId id) {
    return id == actions[action].id || (channel != kNone && id == channels[channel].id);
  });
}

namespace {

LearnedStageValues LearnedOf(const Journey& journey, const std::vector<Segment>& segments,
                             const segmentation::JourneyStageValues& values) {
  LearnedStageValues learned;
  for (const segmentation::SegmentStageValues& of_segment : values.segments) {
    std::vector<absl::optional<double>> by_stage(journey.stages.size());
    for (size_t i = 0; i < journey.stages.size(); ++i) {
      const auto found = std::find_if(of_segment.stages.begin(), of_segment.stages.end(),
                                      [&](const auto& each) { return each.stage == journey.stages[i].id; });
      if (found != of_segment.stages.end()) by_stage[i] = found->value;
    }
    if (of_segment.segment == NameId{}) {
      learned.everyone = std::move(by_stage);
      continue;
    }
    const auto segment = std::find_if(segments.begin(), segments.end(),
                                      [&](const Segment& each) { return each.id == of_segment.segment; });
    if (segment == segments.end()) continue;
    // As the segments are listed now.
    const int index = static_cast<int>(segment - segments.begin());
    const auto place = std::lower_bound(learned.segments.begin(), learned.segments.end(), index);
    learned.by_segment.insert(learned.by_segment.begin() + (place - learned.segments.begin()), std::move(by_stage));
    learned.segments.insert(place, index);
  }
  return learned;
}

}  // namespace

std::shared_ptr<const Playbook> WithPopulation(const Playbook& playbook,
                                               std::shared_ptr<const segmentation::Population> population) {
  auto result = std::make_shared<Playbook>(playbook);
  result->population = std::move(population);
  result->learned_stage_values.clear();
  if (result->population == nullptr || result->population->stage_values.journeys.empty()) return result;
  result->learned_stage_values.resize(result->journeys.size());
  for (const segmentation::JourneyStageValues& values : result->population->stage_values.journeys) {
    for (size_t j = 0; j < result->journeys.size(); ++j) {
      const Journey& journey = result->journeys[j];
      if (journey.id == values.journey) result->learned_stage_values[j] = LearnedOf(journey, result->segments, values);
    }
  }
  return result;
}

absl::optional<double> StageValueOf(const Playbook& playbook, int journey, int stage, int segment) {
  const auto j = static_cast<size_t>(journey), s = static_cast<size_t>(stage);
  if (playbook.journeys[j].stages[s].value.has_value()) return playbook.journeys[j].stages[s].value;
  if (playbook.learned_stage_values.empty()) return absl::nullopt;
  const LearnedStageValues& learned = playbook.learned_stage_values[j];
  const auto found = std::lower_bound(learned.segments.begin(), learned.segments.end(), segment);
  const bool own = found != learned.segments.end() && *found == segment;
  const std::vector<absl::optional<double>>& values =
      own ? learned.by_segment[static_cast<size_t>(found - learned.segments.begin())] : learned.everyone;
  return s < values.size() ? values[s] : absl::nullopt;
}

absl::string_view NameOf(const Playbook& playbook, NameId id) {
  auto it = playbook.names.find(id);
  return it == playbook.names.end() ? absl::string_view("unknown") : it->second;
}

}  // namespace waymark::playbook
