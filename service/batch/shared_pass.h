#ifndef WAYMARK_SERVICE_BATCH_SHARED_PASS_H_
#define WAYMARK_SERVICE_BATCH_SHARED_PASS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/batch/claims.h"
#include "service/batch/environment.h"
#include "service/batch/pending.h"
#include "service/batch/shared_run.h"
#include "service/batch/walk.h"
#include "service/playbook/playbook.h"
#include "service/store/batch_records.h"

namespace waymark::batch {

// The names of a claim, as the store gave them, page by page.
using NamedPages = std::vector<std::vector<std::string>>;

// The pages of a claim, the next one being read while one is worked on. Single-threaded; borrows the store.
class ClaimedPages {
 public:
  ClaimedPages(store::ProfileStore& profiles, std::string tenant, NamedPages names,
               std::shared_ptr<Cancellation> cancellation)
      : profiles_(&profiles),
        tenant_(std::move(tenant)),
        names_(std::move(names)),
        cancellation_(std::move(cancellation)) {
    ReadAhead();
  }

  // nullopt: that was the last one.
  absl::optional<PageOnItsWay> Next() {
    absl::optional<PageOnItsWay> page = std::move(ahead_);
    ahead_.reset();
    ReadAhead();
    return page;
  }

 private:
  void ReadAhead() {
    if (next_ == names_.size()) return;
    ahead_ = BeginLoad(*profiles_, tenant_, std::move(names_[next_++]), cancellation_);
  }

  store::ProfileStore* profiles_;
  std::string tenant_;
  NamedPages names_;
  std::shared_ptr<Cancellation> cancellation_;
  size_t next_ = 0;
  absl::optional<PageOnItsWay> ahead_;
};

// What a run derives with where it derives with this playbook.
Basis BasisFor(const playbook::Playbook& playbook);

// What is done with everyone by all who share a run. Its functions may be called by several threads at once.
struct PassTask {
  std::string tenant;
  std::string record;       // the name of the one that has the run's state
  Basis basis;              // that this worker has
  size_t segments = 0;      // the length of RunCounts::members
  size_t stages = 0;        // of RunCounts::customers
  int pages_per_claim = 1;  // the more, the less often the state is written; the later a dead worker's part is done

  // Whether to take part, or to begin. Blocks nobody.
  std::function<absl::StatusOr<Joining>(const store::RunState&)> rule;
  // Works through what was claimed, and counts it; as of a moment of the service's clock that is the same for the whole
  // run. May block. What was counted when it ends with an error is not, but for `changed`.
  std::function<absl::Status(ClaimedPages& pages, absl::Time as_of, const std::shared_ptr<Cancellation>& cancellation,
                             store::RunCounts& counts)>
      work;
  std::function<void(absl::string_view counts, std::string& sums)> add_journeys;  // see batch::AddJourneys
};

// For tests.
struct PassOptions {
  absl::Duration lease = absl::Seconds(60);         // see batch::Worker
  absl::Duration poll = absl::Milliseconds(100);    // how often it is looked whether the others are done
  std::function<absl::Time()> machine = absl::Now;  // the machine's clock
};

// Takes part in a run over everyone, or begins one, as the task's rule says, until every page is done; on the caller's
// thread, which claims pages, names them and has them read ahead, and `workers` others, which do them.
//
// The state of the run is a record in the store: pages are claimed there, and counted when they are done, by the same
// compare-and-set that claims the next ones. A claim that is not renewed for a minute (its worker is dead) is taken
// over; whoever had it cannot count it any more. So every profile that is there all the while is worked on, and counted
// once, whoever is killed whenever (but see RedisStore::Scan for a Redis whose keys mostly went meanwhile). `changed`
// alone may miss those that a killed worker had written.
//
// Memory: for each worker two pages at rest (2,000 profiles each, 1 MB at 500 bytes a profile), and the names of what
// it claimed and of what comes next.
//
// `progress` is called on this thread with the counts of all workers whenever some are counted, and at the end. Returns
// the state: where the rule said so, as it was; else of the run that is over. Errors: the rule's; UNAVAILABLE the store
// went away or does not answer; RESOURCE_EXHAUSTED no threads; ABORTED the run was replaced by another, or a newer
// playbook or population came; the cancellation's: the workers stop within a page, what they claimed is free at once.
absl::StatusOr<store::RunState> TakePart(const Environment& environment, const PassTask& task, int workers,
                                         const PassOptions& options, const std::shared_ptr<Cancellation>& cancellation,
                                         absl::FunctionRef<void(const store::RunState&)> progress);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_SHARED_PASS_H_
