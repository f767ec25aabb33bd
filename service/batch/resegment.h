#ifndef WAYMARK_SERVICE_BATCH_RESEGMENT_H_
#define WAYMARK_SERVICE_BATCH_RESEGMENT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "service/base/clock.h"
#include "service/engine/playbooks.h"
#include "service/playbook/playbook.h"
#include "service/store/store.h"

namespace waymark::batch {

// How far a re-segmentation is.
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

// A run in progress, as its caller holds it. Thread-safe.
class ResegmentRun {
 public:
  virtual ~ResegmentRun() = default;
  // Stops between pages; `done` is then called with CANCELLED, and a later run resumes here.
  virtual void Cancel() = 0;
};

// Derives every profile of a tenant again, a page at a time, and writes those that changed, by compare-and-set. After
// each page the cursor is stored, so that a run that was stopped or killed resumes; a page is derived again at most
// once then, which changes nothing. Memory: one page.
//
// `progress` is called after each page, the last time with `done` set; `done` is called exactly once, afterwards. Both
// on any thread, one at a time. Errors: FAILED_PRECONDITION no playbook; UNAVAILABLE the store went away (resume
// later); CANCELLED.
std::shared_ptr<ResegmentRun> Resegment(store::ProfileStore& profiles, store::RecordStore& records,
                                        engine::Playbooks& playbooks, const base::Clock& clock,
                                        const std::string& tenant, bool restart,
                                        absl::AnyInvocable<void(const ResegmentProgress&)> progress,
                                        absl::AnyInvocable<void(absl::Status)> done);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_RESEGMENT_H_
