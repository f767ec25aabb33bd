#ifndef WAYMARK_SERVICE_JOURNEY_RESOLVE_H_
#define WAYMARK_SERVICE_JOURNEY_RESOLVE_H_

#include <vector>

#include "absl/time/time.h"
#include "segmentation/profile.h"
#include "service/playbook/evaluation.h"

namespace waymark::journey {

// Where the customer of the evaluation stands now: exactly one stage a journey of the playbook, ascending by journey.
//
// A customer stands in the furthest stage whose `enter` holds and whose `back` does not. Once in a stage, a customer
// stays there for `minimum_dwell`, and then until `back` holds, or until `enter` does not hold any more and either
// `leave` holds, or `timeout` has passed since the stage was entered, or `lapse` since the last event; then falls back
// to `back_to`, or to the furthest earlier stage whose `enter` holds (the first where none does), where the same goes
// on, so that asking twice at one moment gives the same. A stored stage that the playbook does not have any more counts
// as none.
//
// A move is dated when it came to be so, whenever it is seen: within the time since the positions were resolved last
// (see AsOf), when a timeout or a lapse ran out, or at the hour (UTC) in which a rule began or ceased to hold, found by
// bisection: rules change by the hour, as the ledger's windows do. Positions keep what was stored where nothing moved.
//
// Pure; O(stages), each rule once; some 20 evaluations of the stages' rules for a move that time made and that is not
// stored yet.
std::vector<segmentation::JourneyPosition> Resolve(playbook::Evaluation& evaluation);
// The same in the place of other positions, whose memory is used again.
void Resolve(playbook::Evaluation& evaluation, std::vector<segmentation::JourneyPosition>& positions);

// The moment up to which the profile's positions were resolved: Profile::positions_as_of, or the last event's time.
absl::Time AsOf(const segmentation::Profile& profile);

// Resolves the profile's positions as of `at`, and stores them there. REQUIRES: at >= AsOf(profile).
void ResolveAt(const playbook::Playbook& playbook, absl::Time at, segmentation::Profile& profile);

// The same, but for moves by rules that turned within the hour of `at` (`days_since`): an event in that hour may turn
// them back, and whether somebody looked in between must not matter.
void AdvanceByTheClock(const playbook::Playbook& playbook, absl::Time at, segmentation::Profile& profile);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_RESOLVE_H_
