#include "service/base/worker.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace waymark::base {

Worker::Worker(Tick tick) : tick_(std::move(tick)), thread_([this] { Run(); }) {}

Worker::~Worker() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void Worker::Post(Task task) {
  absl::MutexLock lock(&mutex_);
  tasks_.push_back(std::move(task));
}

void Worker::TickBy(absl::Time time) {
  absl::MutexLock lock(&mutex_);
  next_tick_ = std::min(next_tick_, time);
}

void Worker::Run() {
  while (true) {
    bool due = false;
    Task task;
    {
      absl::MutexLock lock(&mutex_);
      waits_until_ = next_tick_;
      mutex_.AwaitWithDeadline(absl::Condition(this, &Worker::HasWork), next_tick_);
      due = absl::Now() >= next_tick_;
      if (due) next_tick_ = absl::InfiniteFuture();
      if (!tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
      } else if (!due && stopping_) {
        return;
      }
    }
    if (due) {
      const absl::Duration pause = tick_();
      TickBy(absl::Now() + pause);
    }
    if (task != nullptr) task();
  }
}

}  // namespace waymark::base
