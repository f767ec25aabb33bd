#ifndef WAYMARK_SERVICE_BASE_WORKER_H_
#define WAYMARK_SERVICE_BASE_WORKER_H_

#include <deque>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace waymark::base {

// One thread for work that takes too long for a handler (compiling a playbook), in the order in which it is posted, and
// for one task that comes back. What is queued when it is destroyed is run first, so that every callback is called.
// Thread-safe.
class Worker {
 public:
  using Task = absl::AnyInvocable<void()>;
  // Says after how long it wants to be called again.
  using Tick = absl::AnyInvocable<absl::Duration()>;

  // Calls `tick` at once, and then as it says.
  explicit Worker(Tick tick);
  ~Worker();

  void Post(Task task) ABSL_LOCKS_EXCLUDED(mutex_);

  // Calls the task that comes back at `time` at the latest, once.
  void TickBy(absl::Time time) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !tasks_.empty() || next_tick_ < waits_until_;
  }

  Tick tick_;  // the thread's own
  absl::Mutex mutex_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time next_tick_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time waits_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();  // as it knew next_tick_
  std::thread thread_;
};

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_WORKER_H_
