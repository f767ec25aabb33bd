#ifndef WAYMARK_TESTS_SUPPORT_OUTCOME_H_
#define WAYMARK_TESTS_SUPPORT_OUTCOME_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace waymark::testing_support {

// What an asynchronous call will call back with. Copies share it, so the call may come after the test has given up.
// Thread-safe.
template <typename T>
class Outcome {
 public:
  // Hands it to the call, as its callback.
  auto Callback() {
    return [state = state_](T value) { state->Set(std::move(value)); };
  }

  // Waits for the callback, at most for 60 s: nullopt then.
  absl::optional<T> Wait(absl::Duration patience = absl::Seconds(60)) const {
    absl::MutexLock lock(&state_->mutex);
    state_->mutex.AwaitWithTimeout(absl::Condition(state_.get(), &State::Called), patience);
    return state_->value;
  }

  // How often it was called back.
  int calls() const {
    absl::MutexLock lock(&state_->mutex);
    return state_->calls;
  }

 private:
  struct State {
    void Set(T new_value) {
      absl::MutexLock lock(&mutex);
      value = std::move(new_value);
      ++calls;
    }
    bool Called() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return calls > 0; }

    absl::Mutex mutex;
    absl::optional<T> value ABSL_GUARDED_BY(mutex);
    int calls ABSL_GUARDED_BY(mutex) = 0;
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_OUTCOME_H_
