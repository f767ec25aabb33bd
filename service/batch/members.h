#ifndef WAYMARK_SERVICE_BATCH_MEMBERS_H_
#define WAYMARK_SERVICE_BATCH_MEMBERS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "service/batch/environment.h"
#include "service/batch/walk.h"

namespace waymark::batch {

// Some members, and how far the walk is.
struct MembersPage {
  std::vector<std::string> customers;
  WalkProgress progress;
};

// Everyone who is in a segment now: derived, not as it is stored; or every customer, where `segment` is empty. On one
// thread, in the memory of a Walk.
//
// `page` is called with a page after another, which may be empty; it may block, and says whether it wants more. `done`
// is called exactly once, afterwards. Both on any thread. Errors: NOT_FOUND no such segment; FAILED_PRECONDITION no
// playbook; RESOURCE_EXHAUSTED too much batch work; CANCELLED, also where `page` wants no more; and those of Walk.
// Returns where to cancel it; where it could not begin, `done` was called, and there is nothing to cancel (nullptr).
std::shared_ptr<Cancellation> ListMembers(const Environment& environment, const std::string& tenant,
                                          const std::string& segment, absl::AnyInvocable<bool(MembersPage)> page,
                                          absl::AnyInvocable<void(absl::Status)> done);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_MEMBERS_H_
