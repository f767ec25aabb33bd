#ifndef WAYMARK_SERVICE_BASE_CLOCK_H_
#define WAYMARK_SERVICE_BASE_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace waymark::base {

// Says what time it is for customers and playbooks. Deadlines are of the machine's clock instead. Thread-safe.
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
