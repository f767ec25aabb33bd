#include "service/journey/fold.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "segmentation/fold.h"
#include "service/journey/resolve.h"

namespace waymark::journey {
namespace {

using segmentation::JourneyPosition;
using segmentation::Ledger;
using segmentation::Profile;
using segmentation::Touch;

// Hours that the ledger keeps are counted back from the newest event, so those of an earlier one are built again.
const absl::Duration kHoursOfLedger = absl::Hours(Ledger::kKeptHours);

// Takes the customer back to before `at`: to the stay of then, where that is still kept.
void Rewind(absl::Time at, std::vector<JourneyPosition>& positions) {
  std::erase_if(positions, [at](JourneyPosition& position) {
    while (position.current.since >= at && !position.history.empty()) {
      position.current = position.history.back();
      position.history.pop_back();
    }
    return position.current.since >= at && position.forgotten.empty();
  });
}

// The ledger without the touches from `begin` on.
void Rewind(const std::vector<Touch>& touches, std::vector<Touch>::const_iterator begin, Ledger& ledger) {
  const absl::Time last_before = begin == touches.begin() ? begin->at : std::prev(begin)->at;
  for (auto touch = begin; touch != touches.end(); ++touch) {
    // The newest of its type that stays; one of before the trail is as old as the trail at least.
    const auto is_same = [&](const Touch& other) { return other.type == touch->type; };
    const auto stays = std::find_if(std::make_reverse_iterator(begin), touches.rend(), is_same);
    ledger.Remove(touch->type, touch->at, touch->value_micros, stays != touches.rend() ? stays->at : last_before);
  }
}

bool IsInOneHour(absl::Time a, absl::Time b) { return absl::ToUnixSeconds(a) / 3600 == absl::ToUnixSeconds(b) / 3600; }

// Whether time alone may have moved the customer since the positions were resolved: rules change by the hour, and
// clocks run out.
bool MayHaveMoved(const playbook::Playbook& playbook, const Profile& profile, absl::Time at) {
  const absl::Time as_of = AsOf(profile);
  if (profile.positions.size() != playbook.journeys.size() || !IsInOneHour(as_of, at)) return true;
  const auto runs_out = [&](absl::Time deadline) { return deadline > as_of && deadline <= at; };
  for (const playbook::Journey& journey : playbook.journeys) {
    const JourneyPosition* position = segmentation::FindPosition(profile, journey.id);
    if (position == nullptr) return true;
    for (const playbook::Stage& stage : journey.stages) {
      if (stage.id != position->current.stage) continue;
      const absl::Time since = position->current.since;
      if (runs_out(since + stage.timeout) || runs_out(since + stage.minimum_dwell) || runs_out(as_of + stage.lapse)) {
        return true;
      }
    }
  }
  return false;
}

// What time moved before `at`; what is so at that moment itself is seen with what happens then.
void AdvanceTo(const playbook::Playbook& playbook, absl::Time at, Profile& profile) {
  const absl::Time before = at - absl::Milliseconds(1);
  if (!profile.positions.empty() && before > AsOf(profile) && MayHaveMoved(playbook, profile, before)) {
    AdvanceByTheClock(playbook, before, profile);
  }
}

// The positions as they come of all touches, from those at `from` on walked again. What time moved since the newest one
// is found again by whoever looks next.
void Retrace(const playbook::Playbook& playbook, absl::Time from, Profile& profile) {
  Profile walker = profile;
  const std::vector<Touch>& touches = profile.trail.touches;
  const auto at = [&](absl::Time time) {
    return std::partition_point(touches.begin(), touches.end(), [time](const Touch& t) { return t.at < time; });
  };
  const auto begin = at(from);
  auto touch = at(from - kHoursOfLedger);
  Rewind(touches, touch, walker.ledger);
  Rewind(from, walker.positions);
  for (; touch != begin; ++touch) walker.ledger.Add(touch->type, touch->at, touch->value_micros);
  walker.positions_as_of.reset();  // as of the touch before
  while (touch != touches.end()) {
    const absl::Time moment = touch->at;
    AdvanceTo(playbook, moment, walker);
    for (; touch != touches.end() && touch->at == moment; ++touch) {
      walker.ledger.Add(touch->type, touch->at, touch->value_micros);
    }
    ResolveAt(playbook, moment, walker);
  }
  profile.positions = std::move(walker.positions);
  profile.positions_as_of = walker.positions_as_of;
}

}  // namespace

bool FoldEvent(const playbook::Playbook& playbook, const segmentation::Event& event, absl::Time now, Profile& profile) {
  if (segmentation::IsDuplicate(profile, event)) return false;
  const bool is_known = !profile.positions.empty();
  const absl::Time as_of = AsOf(profile);
  const bool shares_its_moment = !profile.trail.touches.empty() && profile.trail.touches.back().at == event.time;
  if (!is_known || (event.time >= as_of && !shares_its_moment)) {
    AdvanceTo(playbook, event.time, profile);
    segmentation::Fold(profile, event, now);
    ResolveAt(playbook, event.time, profile);
    return true;
  }
  segmentation::Fold(profile, event, now);
  if (event.time > profile.trail.from) {
    Retrace(playbook, event.time, profile);
  } else {
    ResolveAt(playbook, as_of, profile);
  }
  return true;
}

}  // namespace waymark::journey
