#include "service/store/redis/redis_metrics.h"

namespace waymark::store {
namespace {

constexpr base::MetricName kOpen = {"waymark_redis_breakers_open",
                                    "Connections to Redis that are not used because it does not answer in time."};
constexpr base::MetricName kOpened = {"waymark_redis_breaker_opened_total", "Times that this began."};
constexpr base::MetricName kUnsent = {"waymark_redis_unsent_total",
                                      "Requests that were answered without asking Redis."};
constexpr base::MetricName kRepeats = {"waymark_redis_repeats_total",
                                       "Requests to be sent again, because Redis did not do them."};
constexpr base::MetricName kHedges = {"waymark_redis_hedges_total",
                                      "Reads that took long, and another server was to be asked."};

}  // namespace

void RedisMetrics::Collect(base::MetricWriter& writer) const {
  const auto write = [&](const base::MetricName& name, const char* label, const char* value, Count count) {
    writer.WriteCounter(name, {{label, value}}, static_cast<double>(counts_.value(count)));
  };
  writer.WriteGauge(kOpen, {}, static_cast<double>(open_.load(std::memory_order_relaxed)));
  writer.WriteCounter(kOpened, {}, static_cast<double>(counts_.value(kBreakerOpened)));
  write(kUnsent, "reason", "breaker", kRefused);
  write(kUnsent, "reason", "expired", kExpiredUnsent);
  write(kRepeats, "result", "sent", kRepeated);
  write(kRepeats, "result", "refused", kRepeatsRefused);
  write(kHedges, "result", "sent", kHedged);
  write(kHedges, "result", "refused", kHedgesRefused);
  writer.WriteCounter({"waymark_redis_hedges_won_total", "Of these, the other server answered first."}, {},
                      static_cast<double>(counts_.value(kHedgeWon)));
}

}  // namespace waymark::store
