#ifndef WAYMARK_SERVICE_BATCH_FIT_H_
#define WAYMARK_SERVICE_BATCH_FIT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "segmentation/population.h"
#include "service/base/clock.h"
#include "service/batch/walk.h"
#include "service/engine/playbooks.h"
#include "service/playbook/playbook.h"
#include "service/store/store.h"

namespace waymark::batch {

// A population and the playbook under which it was fitted.
struct FittedPopulation {
  std::shared_ptr<const playbook::Playbook> playbook;
  std::shared_ptr<const segmentation::Population> population;
};

// Looks at everyone once, learns, and stores the tenant's next population, which is served from then on. On the
// caller's thread, which may block: a walk, then some seconds of arithmetic for 200,000 customers (it is not
// cancelled there, and `progress` is not called). Memory: a walk's, and the sample's (see segmentation::Sampler).
//
// Errors: FAILED_PRECONDITION no playbook; ABORTED another population was stored meanwhile; CANCELLED; UNAVAILABLE.
absl::StatusOr<FittedPopulation> FitPopulation(store::ProfileStore& profiles, engine::Playbooks& playbooks,
                                               const base::Clock& clock, const std::string& tenant, uint64_t seed,
                                               const std::shared_ptr<Cancellation>& cancellation,
                                               absl::FunctionRef<void(const WalkProgress&)> progress);

// Stores it as the tenant's next population, which is served from then on. Blocks. ABORTED, UNAVAILABLE as above.
absl::StatusOr<FittedPopulation> StoreFitted(engine::Playbooks& playbooks, const std::string& tenant,
                                             std::shared_ptr<const playbook::Playbook> playbook,
                                             segmentation::Population population);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_FIT_H_
