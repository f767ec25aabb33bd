#include "service/journey/resolve.h"

#include <algorithm>
#include <utility>

#include "service/journey/visits.h"

namespace waymark::journey {
namespace {

using playbook::Evaluation;
using playbook::Journey;
using playbook::kNone;
using playbook::Stage;
using segmentation::ForgottenVisits;
using segmentation::JourneyPosition;
using segmentation::Profile;
using segmentation::StageEntry;

const absl::Duration kGrain = absl::Hours(1);

// More moves than this are never made at once; a road of 32 stages is walked twice.
constexpr int kMaxMoves = 64;

bool IsOpen(const Stage& stage, Evaluation& evaluation) {
  return evaluation.Holds(stage.enter) && (stage.back == kNone || !evaluation.Holds(stage.back));
}

// The furthest stage before `end` that is open; the first where none is.
int FurthestBefore(int end, const Journey& journey, Evaluation& evaluation) {
  for (int i = end - 1; i > 0; --i) {
    if (IsOpen(journey.stages[i], evaluation)) return i;
  }
  return 0;
}

// One journey of one customer.
class Road {
 public:
  Road(const Journey& journey, absl::Time last_event) : journey_(journey), last_event_(last_event) {}

  int Furthest(Evaluation& evaluation) const {
    return FurthestBefore(static_cast<int>(journey_.stages.size()), journey_, evaluation);
  }

  // The stage for someone who stands in `current` since `since`. What a customer falls back to can be left at once, so
  // this goes on until nothing moves.
  int Next(int current, absl::Time since, Evaluation& evaluation) const {
    const int furthest = Furthest(evaluation);
    if (furthest > current) return furthest;
    absl::Duration dwelt = evaluation.now() - since;
    while (current > 0 && HasLeft(journey_.stages[current], dwelt, evaluation)) {
      const int back_to = journey_.stages[current].back_to;
      current = back_to != kNone ? back_to : FurthestBefore(current, journey_, evaluation);
      dwelt = absl::ZeroDuration();
    }
    return current;
  }

  // When a clock of the stage runs out within (after, until], the earliest first.
  std::vector<absl::Time> Deadlines(int current, absl::Time since, absl::Time after, absl::Time until) const {
    const Stage& stage = journey_.stages[current];
    std::vector<absl::Time> deadlines = {since + stage.minimum_dwell, since + stage.timeout, last_event_ + stage.lapse};
    std::erase_if(deadlines, [&](absl::Time at) { return at <= after || at > until; });
    std::sort(deadlines.begin(), deadlines.end());
    return deadlines;
  }

 private:
  bool HasLeft(const Stage& stage, absl::Duration dwelt, Evaluation& evaluation) const {
    if (dwelt < stage.minimum_dwell) return false;
    if (stage.back != kNone && evaluation.Holds(stage.back)) return true;
    if (evaluation.Holds(stage.enter)) return false;
    return dwelt >= stage.timeout || evaluation.now() - last_event_ >= stage.lapse ||
           (stage.leave != kNone && evaluation.Holds(stage.leave));
  }

  const Journey& journey_;
  const absl::Time last_event_;
};

// The first whole hour after the time.
absl::Time NextHour(absl::Time time) {
  const absl::Duration since = time - absl::UnixEpoch();
  return absl::UnixEpoch() + absl::Floor(since, kGrain) + kGrain;
}

// When something came to be so.
struct Moment {
  absl::Time at;
  bool by_the_clock = false;  // one of the deadlines, or a whole hour; not only because somebody looked
};

// The earliest time in (after, now] at which `moved` holds: one of the deadlines, a whole hour, or now. REQUIRES: it
// holds now, and not at `after`; it begins to hold once.
template <typename Moved>
Moment FirstTime(absl::Time after, absl::Time now, const std::vector<absl::Time>& deadlines, Moved moved) {
  Moment until{.at = now};
  for (absl::Time deadline : deadlines) {
    if (moved(deadline)) {
      until = {deadline, true};
      break;
    }
    after = deadline;
  }
  const absl::Time first = NextHour(after);
  // Among hours first + 0 .. hours - 1, all of them before `until`.
  int64_t from = 0;
  int64_t hours = first < until.at ? (until.at - first - absl::Nanoseconds(1)) / kGrain + 1 : 0;
  // Mostly a clock ran out, and no rule changed before.
  if (hours > 0 && !moved(first + (hours - 1) * kGrain)) return until;
  while (from < hours) {
    const int64_t middle = from + (hours - from) / 2;
    if (moved(first + middle * kGrain)) {
      until = {first + middle * kGrain, true};
      hours = middle;
    } else {
      from = middle + 1;
    }
  }
  return until;
}

void MoveTo(segmentation::NameId stage, absl::Time at, JourneyPosition& position) {
  position.history.push_back(position.current);
  position.current = {stage, at};
  if (position.history.size() <= JourneyPosition::kMaxHistory) return;
  const segmentation::NameId gone = position.history.front().stage;
  position.history.erase(position.history.begin());
  auto it =
      std::lower_bound(position.forgotten.begin(), position.forgotten.end(), gone,
                       [](const ForgottenVisits& known, segmentation::NameId sought) { return known.stage < sought; });
  if (it == position.forgotten.end() || it->stage != gone) it = position.forgotten.insert(it, {gone, 0});
  ++it->count;
}

// What is so only at this moment, and not by the clock, is a move for who asks, and none for what time did before.
enum class Moves { kAll, kByTheClock };

void ResolveOne(const Journey& journey, absl::Time last_event, absl::Time as_of, Moves which, Evaluation& evaluation,
                JourneyPosition& position) {
  const JourneyPosition* stored = segmentation::FindPosition(evaluation.profile(), journey.id);
  const Road road(journey, last_event);
  const absl::Time now = evaluation.now();
  int current = stored != nullptr ? StageIndex(journey, stored->current.stage) : kNone;
  if (stored == nullptr) {
    position = {.journey = journey.id};
  } else {
    position = *stored;
  }
  if (current == kNone) {
    position.current = {journey.stages[road.Furthest(evaluation)].id, now};
    return;
  }
  const segmentation::Context no_context;
  absl::Time from = std::max(as_of, position.current.since);
  for (int moves = 0; moves < kMaxMoves; ++moves) {
    const absl::Time since = position.current.since;
    const int next_now = road.Next(current, since, evaluation);
    if (next_now == current) return;
    int next = next_now;
    const auto moved = [&](absl::Time at) {
      Evaluation then(evaluation.playbook(), evaluation.profile(), no_context, at);
      const int found = road.Next(current, since, then);
      if (found != current) next = found;  // of the last one asked that moved, which is the earliest
      return found != current;
    };
    const Moment first = from < now ? FirstTime(from, now, road.Deadlines(current, since, from, now), moved)
                                    : Moment{.at = std::max(now, since)};
    if (which == Moves::kByTheClock && !first.by_the_clock) return;
    MoveTo(journey.stages[next].id, first.at, position);
    current = next;
    from = first.at;
  }
}

absl::Time LastEvent(const Profile& profile) {
  absl::Time last = absl::InfinitePast();
  for (const segmentation::Series& series : profile.ledger.series()) last = std::max(last, series.last);
  return last == absl::InfinitePast() ? profile.created : last;
}

void ResolveAll(Moves which, Evaluation& evaluation, std::vector<JourneyPosition>& positions) {
  const std::vector<Journey>& journeys = evaluation.playbook().journeys;
  const absl::Time last_event = LastEvent(evaluation.profile());
  const absl::Time as_of = evaluation.profile().positions_as_of.value_or(last_event);
  positions.resize(journeys.size());
  for (size_t i = 0; i < journeys.size(); ++i) {
    ResolveOne(journeys[i], last_event, as_of, which, evaluation, positions[i]);
  }
  std::sort(positions.begin(), positions.end(),
            [](const JourneyPosition& a, const JourneyPosition& b) { return a.journey < b.journey; });
}

void StoreAt(const playbook::Playbook& playbook, absl::Time at, Moves which, Profile& profile) {
  const segmentation::Context no_context;
  Evaluation evaluation(playbook, profile, no_context, at);
  std::vector<JourneyPosition> positions;
  ResolveAll(which, evaluation, positions);
  profile.positions = std::move(positions);
  profile.positions_as_of.reset();
  if (LastEvent(profile) != at) profile.positions_as_of = at;
}

}  // namespace

absl::Time AsOf(const Profile& profile) { return profile.positions_as_of.value_or(LastEvent(profile)); }

std::vector<JourneyPosition> Resolve(Evaluation& evaluation) {
  std::vector<JourneyPosition> positions;
  Resolve(evaluation, positions);
  return positions;
}

void Resolve(Evaluation& evaluation, std::vector<JourneyPosition>& positions) {
  ResolveAll(Moves::kAll, evaluation, positions);
}

void ResolveAt(const playbook::Playbook& playbook, absl::Time at, Profile& profile) {
  StoreAt(playbook, at, Moves::kAll, profile);
}

void AdvanceByTheClock(const playbook::Playbook& playbook, absl::Time at, Profile& profile) {
  StoreAt(playbook, at, Moves::kByTheClock, profile);
}

}  // namespace waymark::journey
