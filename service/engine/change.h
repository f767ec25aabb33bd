#ifndef WAYMARK_SERVICE_ENGINE_CHANGE_H_
#define WAYMARK_SERVICE_ENGINE_CHANGE_H_

#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/event.h"
#include "segmentation/profile.h"
#include "service/engine/requests.h"
#include "service/playbook/playbook.h"
#include "service/store/store.h"

namespace waymark::engine {

// A copy of the stored profile to change, touched now; it begins now where there was none.
segmentation::Profile BeginChange(const store::StoredProfile& stored, absl::Time now);

// Folds the events in order and derives stage and segments after each; one receipt an event. What is shown is checked
// against the contact policy as it is then, and must be held of its budgets: where that does not allow it the receipt
// says so, and the event is left out where it wants to be. So are those that have a receipt in `settled` (beside the
// events, or empty). Returns whether any was new and recorded. Pure.
bool FoldAll(const std::vector<segmentation::Event>& events, const std::vector<absl::optional<Receipt>>& settled,
             const playbook::Playbook& playbook, absl::Time now, segmentation::Profile& profile,
             std::vector<Receipt>& receipts);

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_CHANGE_H_
