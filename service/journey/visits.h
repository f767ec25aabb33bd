#ifndef WAYMARK_SERVICE_JOURNEY_VISITS_H_
#define WAYMARK_SERVICE_JOURNEY_VISITS_H_

#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "segmentation/profile.h"
#include "service/playbook/playbook.h"

namespace waymark::journey {

// One stay in a stage.
struct Visit {
  int stage = playbook::kNone;  // of the journey; kNone: one that the playbook does not have any more
  absl::Time entered;
  absl::Time left = absl::InfiniteFuture();       // InfiniteFuture: still there
  absl::Span<const segmentation::Touch> touches;  // what happened meanwhile, by time
};

// Where the stage stands on the road; kNone: it is none of this journey's. O(stages).
int StageIndex(const playbook::Journey& journey, segmentation::NameId stage);

// The kept stays of one customer on one journey, the oldest first, and so the last one is where the customer stands;
// empty where the customer is not on the journey. Borrows the profile's touches.
//
// A touch belongs to the stay in which the customer stood when it happened, entered < at <= left, so the event that
// moves a customer on is the last of the stay before. The first kept stay has all that was before it, too.
//
// `position`: on this journey, as Resolve gives it or as it is stored. O(stays + log touches).
std::vector<Visit> VisitsOf(const playbook::Journey& journey, const segmentation::JourneyPosition& position,
                            const segmentation::Trail& trail);

// From when on the stays and touches are whole: earlier ones were dropped. InfinitePast: nothing was.
absl::Time WholeFrom(const segmentation::JourneyPosition& position, const segmentation::Trail& trail);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_VISITS_H_
