#ifndef WAYMARK_SERVICE_BATCH_PENDING_H_
#define WAYMARK_SERVICE_BATCH_PENDING_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/base/clock.h"

namespace waymark::batch {

// How long batch work waits for an answer of the store.
inline constexpr absl::Duration kStoreTimeout = absl::Seconds(10);
// What the store gets beyond that to say that it was too late; then it is given up, its answer unheard.
inline constexpr absl::Duration kStoreGrace = absl::Seconds(2);

// Tells work on other threads to stop: those that wait in it wake at once. Thread-safe.
class Cancellation {
 public:
  // The first one counts. `why` is what the work ends with; not OK.
  void Cancel(absl::Status why = absl::CancelledError("stopped")) {
    absl::MutexLock lock(&mutex_);
    why_.Update(std::move(why));
  }
  bool cancelled() const { return !status().ok(); }
  // OK as long as it was not cancelled; then why.
  absl::Status status() const {
    absl::MutexLock lock(&mutex_);
    return why_;
  }

  // Of those who wait for something and for this: what they wait for changes under it.
  absl::Mutex& mutex() const ABSL_LOCK_RETURNED(mutex_) { return mutex_; }
  // Waits until `condition`, until it is cancelled or the deadline passes. OK where the condition holds, else why it
  // was cancelled, or DEADLINE_EXCEEDED.
  absl::Status Await(absl::FunctionRef<bool()> condition, absl::Time deadline) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto over = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !why_.ok() || condition(); };
    const bool in_time = mutex_.AwaitWithTimeout(absl::Condition(&over), deadline - base::SteadyNow());
    if (!why_.ok()) return why_;
    return in_time ? absl::OkStatus() : absl::DeadlineExceededError("nothing happened in time");
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Status why_ ABSL_GUARDED_BY(mutex_);
};

// An asynchronous call of the store that was begun, to be waited for by a thread that may block. The answer may come
// after it was given up, or destroyed. Thread-compatible.
template <typename T>
class Pending {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  Pending() = default;

  // `start(deadline, done)` begins the call.
  template <typename Start>
  Pending(std::shared_ptr<Cancellation> cancellation, Start start, absl::Duration timeout = kStoreTimeout)
      : state_(std::make_shared<State>(std::move(cancellation))), deadline_(base::SteadyNow() + timeout) {
    start(deadline_, Done([state = state_](absl::StatusOr<T> answer) { state->Set(std::move(answer)); }));
  }

  bool valid() const { return state_ != nullptr; }

  // The answer, once. The cancellation's status as soon as the work is cancelled; UNAVAILABLE where the store does not
  // answer in time.
  absl::StatusOr<T> Take() {
    const std::shared_ptr<State> state = std::move(state_);
    const Cancellation& cancellation = *state->cancellation;
    absl::MutexLock lock(&cancellation.mutex());
    absl::Status status = cancellation.Await([&] { return state->answer.has_value(); }, deadline_ + kStoreGrace);
    if (status.ok() && state->answer->ok()) return *std::move(state->answer);
    if (status.ok()) status = state->answer->status();
    if (absl::IsDeadlineExceeded(status)) return absl::UnavailableError("the store does not answer in time");
    return status;
  }

 private:
  struct State {
    explicit State(std::shared_ptr<Cancellation> cancellation) : cancellation(std::move(cancellation)) {}
    void Set(absl::StatusOr<T> value) {
      absl::MutexLock lock(&cancellation->mutex());
      answer = std::move(value);
    }

    const std::shared_ptr<Cancellation> cancellation;
    absl::optional<absl::StatusOr<T>> answer;  // under the cancellation's mutex
  };

  std::shared_ptr<State> state_;
  absl::Time deadline_;
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_PENDING_H_
