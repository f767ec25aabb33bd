#ifndef WAYMARK_SERVICE_STORE_REDIS_REDIS_METRICS_H_
#define WAYMARK_SERVICE_STORE_REDIS_REDIS_METRICS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "service/base/metrics.h"

namespace waymark::store {

// What a client of Redis counts of its way there. Thread-safe.
class RedisMetrics final : public base::MetricSource {
 public:
  enum Count : size_t {
    kBreakerOpened,   // times that a breaker opened
    kRefused,         // requests that were answered at once because a breaker was open
    kExpiredUnsent,   // requests whose deadline passed before they were sent
    kRepeated,        // requests that were sent again
    kRepeatsRefused,  // ... that were not, for want of budget
    kHedged,          // reads that another server was asked, too
    kHedgeWon,        // ... which answered first
    kHedgesRefused,   // ... that it was not, for want of budget
    kCounts,
  };

  void Add(Count count) { counts_.Add(count); }
  uint64_t value(Count count) const { return counts_.value(count); }

  void BreakerChanged(bool open) {
    open_.fetch_add(open ? 1 : -1, std::memory_order_relaxed);
    if (open) Add(kBreakerOpened);
  }

  void Collect(base::MetricWriter& writer) const override;

 private:
  base::Counters<kCounts> counts_;
  std::atomic<int64_t> open_{0};
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_REDIS_METRICS_H_
