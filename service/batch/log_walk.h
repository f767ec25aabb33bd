#ifndef WAYMARK_SERVICE_BATCH_LOG_WALK_H_
#define WAYMARK_SERVICE_BATCH_LOG_WALK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/batch/past_playbooks.h"
#include "service/batch/pending.h"
#include "service/batch/threads.h"
#include "service/engine/playbooks.h"
#include "service/store/decision_log.h"
#include "service/store/decision_records.h"

namespace waymark::batch {

// What work on the decision log needs of the world. All of it outlives the threads.
struct LogEnvironment {
  store::DecisionLog& log;
  engine::Playbooks& playbooks;
  PastPlaybooks& past;
  const base::Clock& clock;
  Threads& threads;
};

// Decisions of this time: from `since` on and before `until`, by the service's clock.
struct TimeRange {
  absl::Time since = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();

  bool Contains(absl::Time time) const { return since <= time && time < until; }
};

// How far a walk is.
struct LogProgress {
  int64_t decisions = 0;  // looked at
  int64_t damaged = 0;    // entries that could not be decoded
  int64_t estimated_total = 0;
};

// Looks at a tenant's log, shard by shard, each in the order in which it was appended, on the caller's thread, which
// may block: `look(shard, record)` for what was logged at `since` or later (and some of what was before), and
// `after_page(progress)`. Not what is older than the tenant keeps. A decision may be seen twice. While a page is looked
// at the next one is read. Memory: two pages, some hundred kilobytes each.
//
// The status of `cancellation` once it is cancelled; else what `after_page` says, where that is not OK; UNAVAILABLE
// where the store went away; FAILED_PRECONDITION the tenant has no playbook, or keeps no decisions.
absl::Status WalkLog(const LogEnvironment& environment, const std::string& tenant, absl::Time since,
                     const std::shared_ptr<Cancellation>& cancellation,
                     absl::FunctionRef<void(int shard, store::LogRecord&& record)> look,
                     absl::FunctionRef<absl::Status(const LogProgress&)> after_page);

// The same of one shard.
absl::Status WalkLogShard(const LogEnvironment& environment, const std::string& tenant, int shard,
                          const std::shared_ptr<Cancellation>& cancellation,
                          absl::FunctionRef<void(int shard, store::LogRecord&& record)> look);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_LOG_WALK_H_
