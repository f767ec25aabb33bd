#include "service/base/worker.h"

#include <algorithm>
#include <utility>

#include "service/base/clock.h"

namespace waymark::base {
namespace {

// No wait is longer, so that no time is out of the clock's range.
constexpr absl::Duration kLongestWait = absl::Hours(1);

}  // namespace

Worker::Worker(Tick tick) : tick_(std::move(tick)), thread_([this] { Run(); }) {}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Worker::Post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void Worker::TickBy(absl::Time time) { TickAfter(time - SteadyNow()); }

void Worker::TickAfter(absl::Duration pause) {
  if (pause == absl::InfiniteDuration()) return;
  const Steady::time_point time = Steady::now() + absl::ToChronoNanoseconds(std::min(pause, 24 * 365 * absl::Hours(1)));
  {
    const std::lock_guard lock(mutex_);
    if (time >= next_tick_) return;
    next_tick_ = time;
  }
  changed_.notify_one();
}

void Worker::Run() {
  while (true) {
    bool due = false;
    Task task;
    {
      std::unique_lock lock(mutex_);
      while (!stopping_ && tasks_.empty() && Steady::now() < next_tick_) {
        changed_.wait_until(lock, std::min(next_tick_, Steady::now() + absl::ToChronoNanoseconds(kLongestWait)));
      }
      due = Steady::now() >= next_tick_;
      if (due) next_tick_ = Steady::time_point::max();
      if (!tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
      } else if (!due && stopping_) {
        return;
      }
    }
    if (due) TickAfter(tick_());
    if (task != nullptr) task();
  }
}

}  // namespace waymark::base
