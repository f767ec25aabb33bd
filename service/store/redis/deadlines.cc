#include "service/store/redis/deadlines.h"

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "service/base/clock.h"

namespace waymark::store {

Deadlines::Deadlines(uv_loop_t* loop, Expired expired) : expired_(std::move(expired)) {
  uv_timer_init(loop, &timer_);
  timer_.data = this;
}

void Deadlines::Add(Request& request) {
  if (request.deadline == absl::InfiniteFuture()) return;
  requests_.insert({request.deadline, &request});
  if (request.deadline < armed_) Arm();
}

void Deadlines::Erase(Request& request) {
  if (request.deadline != absl::InfiniteFuture()) requests_.erase({request.deadline, &request});
}

void Deadlines::Close() {
  requests_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
}

void Deadlines::Arm() {
  if (requests_.empty()) {
    armed_ = absl::InfiniteFuture();
    return;
  }
  armed_ = requests_.begin()->first;
  // The loop's clock stands still while it works, and the timer counts from it.
  uv_update_time(timer_.loop);
  const int64_t millis = absl::ToInt64Milliseconds(std::min(armed_ - base::SteadyNow(), absl::Hours(24)));
  uv_timer_start(
      &timer_, [](uv_timer_t* timer) { static_cast<Deadlines*>(timer->data)->Expire(); },
      static_cast<uint64_t>(std::max<int64_t>(millis, 0)) + 1, /*repeat=*/0);
}

void Deadlines::Expire() {
  const absl::Time now = base::SteadyNow();
  while (!requests_.empty() && requests_.begin()->first < now) {
    Request& request = *requests_.begin()->second;
    requests_.erase(requests_.begin());
    request.Answer(absl::DeadlineExceededError("redis did not answer before the deadline"));
    expired_(request, now);
  }
  Arm();
}

}  // namespace waymark::store
