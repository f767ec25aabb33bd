#ifndef WAYMARK_SERVICE_BATCH_PREVIEW_H_
#define WAYMARK_SERVICE_BATCH_PREVIEW_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/batch/impact.h"
#include "service/batch/walk.h"
#include "service/engine/playbooks.h"
#include "service/playbook/compile.h"
#include "service/store/store.h"

namespace waymark::batch {

// Two playbooks to compare, or what is wrong with the candidate.
struct Candidate {
  std::shared_ptr<const playbook::Playbook> current;  // null: the tenant has none
  std::shared_ptr<const playbook::Playbook> playbook;
  int segment = playbook::kNone;  // the one that is previewed; none: all of them
  std::vector<playbook::Problem> problems;
};

// Compiles, on the caller's thread, which may block. The candidate has the current population. FAILED_PRECONDITION: a
// segment is previewed where the tenant has no playbook; UNAVAILABLE.
absl::StatusOr<Candidate> CandidateOf(engine::Playbooks& playbooks, const std::string& tenant,
                                      const playbook::CandidateSegment& segment);
absl::StatusOr<Candidate> CandidateOf(engine::Playbooks& playbooks, const std::string& tenant, const std::string& text);

// Evaluates both for everyone and tells what it has counted after each page, on the caller's thread, which may block.
// Changes nothing. CANCELLED, UNAVAILABLE. REQUIRES: the candidate has no problems.
absl::StatusOr<Impact> Preview(store::ProfileStore& profiles, const base::Clock& clock, const std::string& tenant,
                               const Candidate& candidate, int sample,
                               const std::shared_ptr<Cancellation>& cancellation,
                               absl::FunctionRef<void(const Impact&, const WalkProgress&)> progress);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_PREVIEW_H_
