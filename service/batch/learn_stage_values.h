#ifndef WAYMARK_SERVICE_BATCH_LEARN_STAGE_VALUES_H_
#define WAYMARK_SERVICE_BATCH_LEARN_STAGE_VALUES_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "segmentation/stage_values.h"
#include "service/batch/environment.h"
#include "service/batch/fit.h"
#include "service/batch/pending.h"
#include "service/batch/walk.h"

namespace waymark::batch {

// Looks at everyone once, learns what stages are worth (service/journey/stage_value.h), and stores it as a part of the
// tenant's next population, of which the rest stays as it was; decisions take it from then on. On the caller's thread,
// which may block: a walk and a derivation each. Memory: a walk's and a StageValueLearner's.
//
// Errors: FAILED_PRECONDITION no playbook, or one without journeys; ABORTED another population was stored meanwhile;
// CANCELLED; UNAVAILABLE.
absl::StatusOr<FittedPopulation> LearnStageValues(const Environment& environment, const std::string& tenant,
                                                  const segmentation::StageValueOptions& options,
                                                  const std::shared_ptr<Cancellation>& cancellation,
                                                  absl::FunctionRef<void(const WalkProgress&)> progress);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_LEARN_STAGE_VALUES_H_
