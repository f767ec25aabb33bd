#ifndef WAYMARK_SERVICE_BASE_CLOCK_H_
#define WAYMARK_SERVICE_BASE_CLOCK_H_

#include <chrono>
#include <cstdint>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace waymark::base {

// What deadlines are of, and what lasts is measured by: the machine's clock as it was when the process began, and the
// steady clock since. So it goes on where somebody sets the machine's clock, which abseil notices only within two
// seconds, while gRPC does at once. Not to be kept or shown. Thread-safe.
inline absl::Time SteadyNow() {
  const auto steady = [] {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  static const int64_t beginning = absl::ToUnixNanos(absl::Now()) - steady();
  return absl::FromUnixNanos(beginning + steady());
}

// Says what time it is for customers and playbooks. Deadlines are of SteadyNow instead. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // In whole milliseconds, which is what profiles keep.
  virtual absl::Time Now() const = 0;
};

// The machine's clock, moved by a fixed amount: for trying Waymark on data of the past.
class SystemClock final : public Clock {
 public:
  explicit SystemClock(absl::Duration offset = absl::ZeroDuration()) : offset_(offset) {}
  absl::Time Now() const override { return absl::FromUnixMillis(absl::ToUnixMillis(absl::Now() + offset_)); }

 private:
  const absl::Duration offset_;
};

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_CLOCK_H_
