#ifndef WAYMARK_SERVICE_BATCH_PENDING_H_
#define WAYMARK_SERVICE_BATCH_PENDING_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace waymark::batch {

// How long batch work waits for an answer of the store.
inline constexpr absl::Duration kStoreTimeout = absl::Seconds(10);
// What the store gets beyond that to say that it was too late; then it is given up, its answer unheard.
inline constexpr absl::Duration kStoreGrace = absl::Seconds(2);

// Tells work on other threads to stop: those that wait in it wake at once. Thread-safe.
class Cancellation {
 public:
  void Cancel() {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
  }
  bool cancelled() const {
    absl::MutexLock lock(&mutex_);
    return cancelled_;
  }
  // Waits for a while; true where it was cancelled meanwhile.
  bool Sleep(absl::Duration duration) const {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&cancelled_), duration);
  }

  // Of those who wait for something and for this: what they wait for changes under it.
  absl::Mutex& mutex() const ABSL_LOCK_RETURNED(mutex_) { return mutex_; }
  bool cancelled_locked() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return cancelled_; }

 private:
  mutable absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

inline absl::Status Cancelled() { return absl::CancelledError("stopped"); }

// An asynchronous call of the store that was begun, to be waited for by a thread that may block. The answer may come
// after it was given up, or destroyed. Thread-compatible.
template <typename T>
class Pending {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  Pending() = default;

  // `start(deadline, done)` begins the call.
  template <typename Start>
  Pending(std::shared_ptr<Cancellation> cancellation, Start start)
      : state_(std::make_shared<State>(std::move(cancellation))), deadline_(absl::Now() + kStoreTimeout) {
    start(deadline_, Done([state = state_](absl::StatusOr<T> answer) { state->Set(std::move(answer)); }));
  }

  bool valid() const { return state_ != nullptr; }

  // The answer, once. CANCELLED as soon as the work is; UNAVAILABLE where the store does not answer in time.
  absl::StatusOr<T> Take() {
    const std::shared_ptr<State> state = std::move(state_);
    absl::MutexLock lock(&state->cancellation->mutex());
    state->cancellation->mutex().AwaitWithDeadline(absl::Condition(state.get(), &State::Over), deadline_ + kStoreGrace);
    if (state->cancellation->cancelled_locked()) return Cancelled();
    if (!state->answer.has_value() || absl::IsDeadlineExceeded(state->answer->status())) {
      return absl::UnavailableError("the store does not answer in time");
    }
    return *std::move(state->answer);
  }

 private:
  struct State {
    explicit State(std::shared_ptr<Cancellation> cancellation) : cancellation(std::move(cancellation)) {}
    void Set(absl::StatusOr<T> value) {
      absl::MutexLock lock(&cancellation->mutex());
      answer = std::move(value);
    }
    bool Over() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return answer.has_value() || cancellation->cancelled_locked(); }

    const std::shared_ptr<Cancellation> cancellation;
    absl::optional<absl::StatusOr<T>> answer;  // under the cancellation's mutex
  };

  std::shared_ptr<State> state_;
  absl::Time deadline_;
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_PENDING_H_
