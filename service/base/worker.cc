#include "service/base/worker.h"

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

void Worker::Run() {
  absl::Time next_tick = absl::Now();
  while (true) {
    if (absl::Now() >= next_tick) {
      const absl::Duration pause = tick_();
      next_tick = absl::Now() + pause;
    }
    Task task;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithDeadline(absl::Condition(this, &Worker::HasWork), next_tick);
      if (tasks_.empty()) {
        if (stopping_) return;
        continue;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace waymark::base
