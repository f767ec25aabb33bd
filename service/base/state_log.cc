#include "service/base/state_log.h"

#include <utility>

#include "service/base/clock.h"

namespace waymark::base {

StateLog::StateLog(Write write, absl::Duration interval)
    : write_(std::move(write)), interval_(interval), worker_([this] { return Tell(); }) {}

void StateLog::Set(const absl::Status& state) {
  {
    absl::MutexLock lock(&mutex_);
    if (known_ && state.ok() == state_.ok()) return;
    known_ = true;
    state_ = state;
    ++changes_;
    if (coming_) return;
    coming_ = true;
  }
  worker_.TickBy(SteadyNow());
}

absl::Duration StateLog::Tell() {
  absl::Status state;
  int64_t changes = 0;
  {
    absl::MutexLock lock(&mutex_);
    changes = std::exchange(changes_, 0);
    coming_ = changes > 0;
    if (changes == 0) return absl::InfiniteDuration();
    state = state_;
  }
  write_(state, changes);
  return interval_;
}

}  // namespace waymark::base
