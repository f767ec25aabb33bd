#include "service/journey/resolve.h"

#include <algorithm>

namespace waymark::journey {
namespace {

using playbook::Evaluation;
using playbook::Journey;
using playbook::kNone;
using playbook::Stage;
using segmentation::JourneyPosition;

// The furthest stage before `end` whose rule holds; the first where none does.
int FurthestBefore(int end, const Journey& journey, Evaluation& evaluation) {
  for (int i = end - 1; i > 0; --i) {
    if (evaluation.Holds(journey.stages[i].enter)) return i;
  }
  return 0;
}

int IndexOf(segmentation::NameId stage, const Journey& journey) {
  for (size_t i = 0; i < journey.stages.size(); ++i) {
    if (journey.stages[i].id == stage) return static_cast<int>(i);
  }
  return kNone;
}

bool HasLeft(const Stage& stage, absl::Duration dwelt, Evaluation& evaluation) {
  if (dwelt < stage.minimum_dwell || evaluation.Holds(stage.enter)) return false;
  return dwelt >= stage.timeout || (stage.leave != kNone && evaluation.Holds(stage.leave));
}

// The stage for someone who stands in `current` since `since`. What a customer falls back to can be left at once, so
// this goes on until nothing moves: asking twice at one moment gives the same.
int NextStage(int current, absl::Time since, const Journey& journey, Evaluation& evaluation) {
  const int furthest = FurthestBefore(static_cast<int>(journey.stages.size()), journey, evaluation);
  if (furthest > current) return furthest;
  absl::Duration dwelt = evaluation.now() - since;
  while (current > 0 && HasLeft(journey.stages[current], dwelt, evaluation)) {
    const int back_to = journey.stages[current].back_to;
    current = back_to != kNone ? back_to : FurthestBefore(current, journey, evaluation);
    dwelt = absl::ZeroDuration();
  }
  return current;
}

void MoveTo(segmentation::NameId stage, absl::Time now, JourneyPosition& position) {
  position.history.push_back(position.current);
  if (position.history.size() > JourneyPosition::kMaxHistory) position.history.erase(position.history.begin());
  position.current = {stage, now};
}

void ResolveOne(const Journey& journey, Evaluation& evaluation, JourneyPosition& position) {
  const JourneyPosition* stored = segmentation::FindPosition(evaluation.profile(), journey.id);
  const int current = stored != nullptr ? IndexOf(stored->current.stage, journey) : kNone;
  position.journey = journey.id;
  if (stored == nullptr) {
    position.history.clear();
  } else {
    position.history = stored->history;
  }
  if (current == kNone) {
    const int furthest = FurthestBefore(static_cast<int>(journey.stages.size()), journey, evaluation);
    position.current = {journey.stages[furthest].id, evaluation.now()};
    return;
  }
  position.current = stored->current;
  const int next = NextStage(current, stored->current.since, journey, evaluation);
  if (next != current) MoveTo(journey.stages[next].id, evaluation.now(), position);
}

}  // namespace

std::vector<JourneyPosition> Resolve(Evaluation& evaluation) {
  std::vector<JourneyPosition> positions;
  Resolve(evaluation, positions);
  return positions;
}

void Resolve(Evaluation& evaluation, std::vector<JourneyPosition>& positions) {
  const std::vector<Journey>& journeys = evaluation.playbook().journeys;
  positions.resize(journeys.size());
  for (size_t i = 0; i < journeys.size(); ++i) ResolveOne(journeys[i], evaluation, positions[i]);
  std::sort(positions.begin(), positions.end(),
            [](const JourneyPosition& a, const JourneyPosition& b) { return a.journey < b.journey; });
}

}  // namespace waymark::journey
