#ifndef WAYMARK_SERVICE_BATCH_RESEGMENT_H_
#define WAYMARK_SERVICE_BATCH_RESEGMENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/batch/environment.h"
#include "service/batch/pending.h"
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

// For tests.
struct ResegmentOptions {
  absl::Duration lease = absl::Seconds(60);         // see batch::Worker
  absl::Duration poll = absl::Milliseconds(100);    // how often it is looked whether the others are done
  std::function<absl::Time()> machine = absl::Now;  // the machine's clock
};

// Derives every profile of a tenant again and writes those that changed, by compare-and-set.
//
// All calls for a tenant at once, of any replica, work on one run, whose state is a record in the store: pages are
// claimed there, and counted when they are done, by the same compare-and-set that claims the next one. A claim that is
// not renewed for a minute (its worker is dead) is taken over; whoever had it cannot count it any more. So every
// profile that is there all the while is derived, and counted once, whoever is killed whenever (but see
// RedisStore::Scan for a Redis whose keys mostly went meanwhile). `changed` alone may miss those that a killed worker
// had written. A run that nobody works on is resumed by the next call; under another playbook it begins anew.
//
// Threads: the workers, and one that claims pages and has them read ahead. Memory: for each worker the page that it
// derives and one that waits for it, at rest (2,000 profiles each, 1 MB at 500 bytes a profile).
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
                                        absl::AnyInvocable<void(absl::Status)> done,
                                        const ResegmentOptions& options = {});

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_RESEGMENT_H_
