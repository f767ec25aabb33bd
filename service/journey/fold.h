#ifndef WAYMARK_SERVICE_JOURNEY_FOLD_H_
#define WAYMARK_SERVICE_JOURNEY_FOLD_H_

#include "absl/time/time.h"
#include "segmentation/event.h"
#include "segmentation/profile.h"
#include "service/playbook/playbook.h"

namespace waymark::journey {

// Folds the event into the profile (see segmentation::Fold) and takes its customer along the journeys: the profile's
// positions are then as of the event, or of the newest one known. Returns false, and changes nothing, for a duplicate.
//
// An event in order is folded between two looks at the stages: what time moved before, and what the event moves. Events
// of one moment (a millisecond) move at once. A late one is put where it belongs, and the stages from there on are
// resolved again, touch by touch, so that events give the same positions in whatever order they come: as far as the
// trail and the 16 kept stays reach back, and by types of events alone, because traits, consents, segments with
// hysteresis and series of labels are taken as they are now.
//
// Pure. Two evaluations of the stages' rules; for a late event, two for each touch since its time.
bool FoldEvent(const playbook::Playbook& playbook, const segmentation::Event& event, absl::Time now,
               segmentation::Profile& profile);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_FOLD_H_
