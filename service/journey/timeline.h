#ifndef WAYMARK_SERVICE_JOURNEY_TIMELINE_H_
#define WAYMARK_SERVICE_JOURNEY_TIMELINE_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/profile.h"
#include "service/playbook/playbook.h"

namespace waymark::journey {

// From one stage to another, as indexes into the journey's stages; kNone: one that the playbook does not have any more.
struct StageMove {
  bool begins = false;         // the customer came onto the journey: there is no `from`
  int from = playbook::kNone;  // the stage that was left
  int to = playbook::kNone;
  absl::Duration dwelt = absl::ZeroDuration();  // in the stage that was left
};

// Something on the road: a move, a touch or an action shown. Borrows the profile.
struct TimelineEntry {
  absl::Time time;
  int stage = playbook::kNone;  // in which the customer stood; of a move, the one that was left
  // One of the three.
  absl::optional<StageMove> move;
  const segmentation::Touch* touch = nullptr;
  const segmentation::Contact* shown = nullptr;
  absl::string_view text;  // what the customer wrote with the touch, where it is kept
};

// What is kept of one customer's way on a journey, the oldest first. Of one moment, what was shown comes before the
// touches, and these before the move that they made, so a touch has the stage that VisitsOf says; only where the
// customer came onto the journey the move comes first. The stays that are not kept any more have no moves, and neither
// has the first that is kept then, because where it came from is not known.
//
// `position`: on this journey, of this profile. O(n), n the entries.
std::vector<TimelineEntry> TimelineOf(const playbook::Journey& journey, const segmentation::JourneyPosition& position,
                                      const segmentation::Profile& profile);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_TIMELINE_H_
