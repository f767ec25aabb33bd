#ifndef WAYMARK_SERVICE_JOURNEY_RESOLVE_H_
#define WAYMARK_SERVICE_JOURNEY_RESOLVE_H_

#include <vector>

#include "segmentation/profile.h"
#include "service/playbook/evaluation.h"

namespace waymark::journey {

// Where the customer of the evaluation stands now: exactly one stage a journey of the playbook, ascending by journey.
//
// A customer stands in the furthest stage whose `enter` holds. Once in a stage, a customer stays there until `enter`
// does not hold any more and either `leave` holds or `timeout` has passed since the stage was entered, but at least for
// `minimum_dwell`; then falls back to `back_to`, or to the furthest earlier stage whose `enter` holds (the first where
// none does), where the same goes on, so that asking twice at one moment gives the same. A stored stage that the
// playbook does not have any more counts as none.
//
// Positions keep what was stored where nothing moved. Pure; O(stages), each rule once.
std::vector<segmentation::JourneyPosition> Resolve(playbook::Evaluation& evaluation);
// The same in the place of other positions, whose memory is used again.
void Resolve(playbook::Evaluation& evaluation, std::vector<segmentation::JourneyPosition>& positions);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_RESOLVE_H_
