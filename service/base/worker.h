#ifndef WAYMARK_SERVICE_BASE_WORKER_H_
#define WAYMARK_SERVICE_BASE_WORKER_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace waymark::base {

// One thread for work that takes too long for a handler (compiling a playbook), in the order in which it is posted, and
// for one task that comes back. What is queued when it is destroyed is run first, so that every callback is called.
// Thread-safe.
//
// It waits by the steady clock, which absl's Mutex cannot: that waits for a time of the machine's, so where somebody
// puts the clock back by an hour, playbooks would not be read, budgets not be leased and decisions not be logged for an
// hour.
class Worker {
 public:
  using Task = absl::AnyInvocable<void()>;
  // Says after how long it wants to be called again.
  using Tick = absl::AnyInvocable<absl::Duration()>;

  // Calls `tick` at once, and then as it says.
  explicit Worker(Tick tick);
  ~Worker();

  void Post(Task task);

  // Calls the task that comes back at `time` of SteadyNow at the latest, once.
  void TickBy(absl::Time time);

 private:
  using Steady = std::chrono::steady_clock;

  void Run();
  void TickAfter(absl::Duration pause);

  Tick tick_;  // the thread's own
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_ (clang's annotations know absl's alone).
  std::deque<Task> tasks_;
  bool stopping_ = false;
  Steady::time_point next_tick_ = Steady::time_point::min();
  std::thread thread_;
};

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_WORKER_H_
