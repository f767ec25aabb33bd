#ifndef WAYMARK_SERVICE_STORE_EMBEDDED_BOUNDED_QUEUE_H_
#define WAYMARK_SERVICE_STORE_EMBEDDED_BOUNDED_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"

namespace waymark::store {

// Work on its way to one thread. Thread-safe; only Take waits.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t max_size) : max_size_(max_size) {}

  // Takes the work over where OK; leaves it as it is where there is no room (RESOURCE_EXHAUSTED) or the queue was
  // closed (UNAVAILABLE).
  absl::Status Push(T& work) {
    absl::MutexLock lock(&mutex_);
    if (closed_) return absl::UnavailableError("the store is closing");
    if (work_.size() >= max_size_) return absl::ResourceExhaustedError("too many requests are waiting for the store");
    work_.push_back(std::move(work));
    changed_.Signal();
    return absl::OkStatus();
  }

  // The oldest work, at most `max`, waiting for some until the time is over or the queue is closed; then it may be
  // none.
  std::vector<T> Take(size_t max, absl::Duration wait) {
    absl::MutexLock lock(&mutex_);
    if (work_.empty() && !closed_) {
      waits_since_ = base::SteadyNow();
      const absl::Time until = waits_since_ + wait;
      while (work_.empty() && !closed_) {
        if (changed_.WaitWithTimeout(&mutex_, until - base::SteadyNow())) break;
      }
      waited_ += base::SteadyNow() - std::exchange(waits_since_, absl::InfiniteFuture());
    }
    std::vector<T> taken;
    while (!work_.empty() && taken.size() < max) {
      taken.push_back(std::move(work_.front()));
      work_.pop_front();
    }
    return taken;
  }

  // Refuses work from now on.
  void Close() {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    changed_.SignalAll();
  }

  // For how long Take has waited for work in all, that of now included.
  absl::Duration waited() const {
    absl::MutexLock lock(&mutex_);
    return waited_ + std::max(base::SteadyNow() - waits_since_, absl::ZeroDuration());
  }

  bool closed() const {
    absl::MutexLock lock(&mutex_);
    return closed_;
  }

 private:
  const size_t max_size_;
  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  std::deque<T> work_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time waits_since_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();  // while Take waits
  absl::Duration waited_ ABSL_GUARDED_BY(mutex_);                            // before
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_EMBEDDED_BOUNDED_QUEUE_H_
