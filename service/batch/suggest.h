#ifndef WAYMARK_SERVICE_BATCH_SUGGEST_H_
#define WAYMARK_SERVICE_BATCH_SUGGEST_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/separation.h"
#include "service/base/clock.h"
#include "service/batch/walk.h"
#include "service/engine/playbooks.h"
#include "service/store/store.h"

namespace waymark::batch {

struct SuggestRequest {
  std::string tenant;
  std::string event;                      // makes a converter; empty: the playbook's purchase
  absl::optional<absl::Duration> within;  // absent: ever
  int max = 10;
  uint64_t seed = 0;
};

// Looks at everyone once and proposes rules that separate the converters, with the traits and event types of the
// current playbook. On the caller's thread, which may block: a walk, and about a second. Changes nothing.
//
// Errors: FAILED_PRECONDITION no playbook; INVALID_ARGUMENT no such event type; CANCELLED; UNAVAILABLE.
absl::StatusOr<segmentation::Separation> SuggestSegments(store::ProfileStore& profiles,
                                                         const engine::Playbooks& playbooks, const base::Clock& clock,
                                                         const SuggestRequest& request,
                                                         const std::shared_ptr<Cancellation>& cancellation,
                                                         absl::FunctionRef<void(const WalkProgress&)> progress);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_SUGGEST_H_
