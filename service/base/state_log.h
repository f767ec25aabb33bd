#ifndef WAYMARK_SERVICE_BASE_STATE_LOG_H_
#define WAYMARK_SERVICE_BASE_STATE_LOG_H_

#include <cstdint>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/worker.h"

namespace waymark::base {

// Logs whether something is well, once a change, and at most once in an interval: of what flaps in between, what is so
// at its end, and how often it changed. Thread-safe; has a thread of its own, so that who says it does not wait.
class StateLog {
 public:
  // Writes a line; `changes`: since the line before, 1 or more.
  using Write = std::function<void(const absl::Status& state, int64_t changes)>;

  explicit StateLog(Write write, absl::Duration interval = absl::Seconds(1));

  // The first state counts as a change; later ones where they are well and were not, or the other way round.
  void Set(const absl::Status& state) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Duration Tell() ABSL_LOCKS_EXCLUDED(mutex_);

  const Write write_;
  const absl::Duration interval_;
  absl::Mutex mutex_;
  bool known_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status state_ ABSL_GUARDED_BY(mutex_);
  int64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;  // not told yet
  bool coming_ ABSL_GUARDED_BY(mutex_) = true;   // the worker comes by itself
  Worker worker_;                                // last: stops before what it uses goes
};

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_STATE_LOG_H_
