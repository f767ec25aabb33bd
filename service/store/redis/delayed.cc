#include "service/store/redis/delayed.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "service/base/clock.h"

namespace waymark::store {

Delayed::Delayed(uv_loop_t* loop, Send send) : send_(std::move(send)) {
  uv_timer_init(loop, &timer_);
  timer_.data = this;
}

void Delayed::Add(std::unique_ptr<Request> request, absl::Duration delay) {
  const absl::Time at = std::min(base::SteadyNow() + delay, request->deadline);
  const bool first = requests_.empty() || at < requests_.begin()->first;
  requests_.emplace(at, std::move(request));
  if (first) Arm();
}

void Delayed::Arm() {
  uv_update_time(timer_.loop);
  const int64_t millis = absl::ToInt64Milliseconds(requests_.begin()->first - base::SteadyNow());
  uv_timer_start(
      &timer_, [](uv_timer_t* timer) { static_cast<Delayed*>(timer->data)->Ring(); },
      static_cast<uint64_t>(std::max<int64_t>(millis, 0)) + 1, /*repeat=*/0);
}

void Delayed::Ring() {
  const absl::Time now = base::SteadyNow();
  while (!requests_.empty() && requests_.begin()->first < now) {
    std::unique_ptr<Request> request = std::move(requests_.begin()->second);
    requests_.erase(requests_.begin());
    send_(std::move(request));
  }
  if (!requests_.empty()) Arm();
}

void Delayed::Close() {
  while (!requests_.empty()) {
    std::unique_ptr<Request> request = std::move(requests_.begin()->second);
    requests_.erase(requests_.begin());
    send_(std::move(request));
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
}

}  // namespace waymark::store
