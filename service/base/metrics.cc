#include "service/base/metrics.h"

#include <algorithm>

namespace waymark::base {
namespace {

constexpr absl::Duration kCallBounds[] = {
    absl::Microseconds(250),   absl::Microseconds(500), absl::Milliseconds(1),   absl::Microseconds(2'500),
    absl::Milliseconds(5),     absl::Milliseconds(10),  absl::Milliseconds(25),  absl::Milliseconds(50),
    absl::Milliseconds(100),   absl::Milliseconds(250), absl::Milliseconds(500), absl::Seconds(1),
    absl::Milliseconds(2'500), absl::Seconds(5),        absl::Seconds(10),       absl::Minutes(1),
    absl::Minutes(10),         absl::Hours(1),
};
constexpr absl::Duration kStoreBounds[] = {
    absl::Microseconds(25),  absl::Microseconds(50),  absl::Microseconds(100),   absl::Microseconds(250),
    absl::Microseconds(500), absl::Milliseconds(1),   absl::Microseconds(2'500), absl::Milliseconds(5),
    absl::Milliseconds(10),  absl::Milliseconds(25),  absl::Milliseconds(50),    absl::Milliseconds(100),
    absl::Milliseconds(250), absl::Milliseconds(500), absl::Seconds(1),          absl::Milliseconds(2'500),
    absl::Seconds(5),        absl::Seconds(10),
};
static_assert(std::size(kCallBounds) <= kMaxHistogramBounds && std::size(kStoreBounds) <= kMaxHistogramBounds);

}  // namespace

HistogramBounds CallBounds() { return kCallBounds; }
HistogramBounds StoreBounds() { return kStoreBounds; }

uint64_t HistogramValue::total() const {
  uint64_t total = 0;
  for (uint64_t count : counts) total += count;
  return total;
}

Histogram::Histogram(HistogramBounds bounds) : bounds_(bounds) {
  for (size_t i = 0; i < bounds.size(); ++i) bounds_nanos_[i] = absl::ToInt64Nanoseconds(bounds[i]);
}

void Histogram::Add(absl::Duration duration) {
  const int64_t nanos = std::max<int64_t>(absl::ToInt64Nanoseconds(duration), 0);
  // Most are in one of the first buckets.
  size_t bucket = 0;
  while (bucket < bounds_.size() && nanos > bounds_nanos_[bucket]) ++bucket;
  Shard& shard = shards_[MetricShard()];
  shard.counts[bucket].fetch_add(1, std::memory_order_relaxed);
  shard.sum_nanos.fetch_add(static_cast<uint64_t>(nanos), std::memory_order_relaxed);
}

HistogramValue Histogram::value() const {
  HistogramValue value{.bounds = bounds_, .counts = std::vector<uint64_t>(bounds_.size() + 1)};
  uint64_t nanos = 0;
  for (const Shard& shard : shards_) {
    for (size_t i = 0; i <= bounds_.size(); ++i) value.counts[i] += shard.counts[i].load(std::memory_order_relaxed);
    nanos += shard.sum_nanos.load(std::memory_order_relaxed);
  }
  value.sum_seconds = static_cast<double>(nanos) / 1e9;
  return value;
}

uint64_t Histogram::total() const { return value().total(); }

}  // namespace waymark::base
