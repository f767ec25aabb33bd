#ifndef WAYMARK_SERVICE_BATCH_RESEGMENT_H_
#define WAYMARK_SERVICE_BATCH_RESEGMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/batch/environment.h"
#include "service/batch/pending.h"
#include "service/batch/shared_pass.h"
#include "service/playbook/playbook.h"

namespace waymark::batch {

// How far a re-segmentation is: everyone's part in it.
struct ResegmentProgress {
  std::shared_ptr<const playbook::Playbook> playbook;
  int64_t profiles = 0;
  int64_t changed = 0;
  int64_t damaged = 0;
  int64_t estimated_total = 0;
  bool done = false;
  std::vector<int64_t> members;                 // beside the playbook's segments; with `done`
  std::vector<std::vector<int64_t>> customers;  // beside each journey's stages; with `done`
};

struct ResegmentRequest {
  std::string tenant;
  bool restart = false;  // begin anew, even where a run is under way
  int workers = 1;       // 1 to 16 threads that derive
};

// Derives every profile of a tenant again and writes those that changed, by compare-and-set.
//
// All calls for a tenant at once, of any replica, work on one run (see TakePart), on `workers` threads and one more. A
// run that nobody works on is resumed by the next call; under another playbook it begins anew.
//
// `progress` is called whenever pages are counted, the last time with `done` and the totals of all workers; `done` is
// called exactly once, afterwards. Both on any thread, one at a time. Errors: FAILED_PRECONDITION no playbook;
// UNAVAILABLE the store went away or does not answer, the service stops, or this replica does not have the run's
// playbook yet (try again later); RESOURCE_EXHAUSTED too much batch work; ABORTED the run was replaced by another, or a
// newer playbook or population came; CANCELLED.
//
// Returns where to cancel it: the workers stop within a page, what they claimed is free at once. Where it could not
// begin, `done` was called, and there is nothing to cancel (nullptr).
std::shared_ptr<Cancellation> Resegment(const Environment& environment, const ResegmentRequest& request,
                                        absl::AnyInvocable<void(const ResegmentProgress&)> progress,
                                        absl::AnyInvocable<void(absl::Status)> done, const PassOptions& options = {});

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_RESEGMENT_H_
