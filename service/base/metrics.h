#ifndef WAYMARK_SERVICE_BASE_METRICS_H_
#define WAYMARK_SERVICE_BASE_METRICS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace waymark::base {

// What the service counts of itself, and how it is read. Counting is for the path of a call: an atomic addition (5 ns)
// in a shard that few other threads use, with no lock, look-up or allocation. Reading adds the shards up, and is not
// exact to the moment while others count.

inline constexpr size_t kMetricShards = 8;

// The shard on which this thread counts.
inline size_t MetricShard() {
  static std::atomic<size_t> threads{0};
  thread_local const size_t shard = threads.fetch_add(1, std::memory_order_relaxed) % kMetricShards;
  return shard;
}

// N numbers that only rise. Thread-safe.
template <size_t N>
class Counters {
 public:
  // REQUIRES: i < N.
  void Add(size_t i, uint64_t n = 1) { shards_[MetricShard()].values[i].fetch_add(n, std::memory_order_relaxed); }
  uint64_t value(size_t i) const {
    uint64_t sum = 0;
    for (const Shard& shard : shards_) sum += shard.values[i].load(std::memory_order_relaxed);
    return sum;
  }

 private:
  struct alignas(64) Shard {
    std::array<std::atomic<uint64_t>, N> values{};
  };
  std::array<Shard, kMetricShards> shards_;
};

class Counter {
 public:
  void Add(uint64_t n = 1) { counters_.Add(0, n); }
  uint64_t value() const { return counters_.value(0); }

 private:
  Counters<1> counters_;
};

// Where the buckets of a histogram end, ascending; there is one more, without an end.
using HistogramBounds = absl::Span<const absl::Duration>;
inline constexpr size_t kMaxHistogramBounds = 22;

// Of calls as clients wait for them.
HistogramBounds CallBounds();
// Of what a call consists of.
HistogramBounds StoreBounds();

// What a histogram has counted.
struct HistogramValue {
  HistogramBounds bounds;
  std::vector<uint64_t> counts;  // of each bucket by itself, one more than bounds
  double sum_seconds = 0;

  uint64_t total() const;
};

// How long things took. Two additions each. 1.5 KiB. Thread-safe.
class Histogram {
 public:
  // REQUIRES: at most kMaxHistogramBounds, which outlive it.
  explicit Histogram(HistogramBounds bounds);

  // What is below zero counts as zero.
  void Add(absl::Duration duration);
  HistogramValue value() const;
  // How many were added.
  uint64_t total() const;

 private:
  struct alignas(64) Shard {
    std::array<std::atomic<uint64_t>, kMaxHistogramBounds + 1> counts{};
    std::atomic<uint64_t> sum_nanos{0};
  };

  const HistogramBounds bounds_;
  std::array<int64_t, kMaxHistogramBounds> bounds_nanos_{};
  std::array<Shard, kMetricShards> shards_;
};

// N histograms, each made when it is first added to: most errors of most methods never happen. Thread-safe.
template <size_t N>
class Histograms {
 public:
  explicit Histograms(HistogramBounds bounds) : bounds_(bounds) {}
  ~Histograms() {
    for (std::atomic<Histogram*>& each : made_) delete each.load(std::memory_order_relaxed);
  }
  Histograms(const Histograms&) = delete;
  Histograms& operator=(const Histograms&) = delete;

  // REQUIRES: i < N.
  void Add(size_t i, absl::Duration duration) {
    Histogram* histogram = made_[i].load(std::memory_order_acquire);
    if (histogram == nullptr) histogram = Make(i);
    histogram->Add(duration);
  }
  // nullptr: nothing was added.
  const Histogram* Find(size_t i) const { return made_[i].load(std::memory_order_acquire); }

 private:
  Histogram* Make(size_t i) {
    auto made = std::make_unique<Histogram>(bounds_);
    Histogram* expected = nullptr;
    // Another thread may have been faster.
    if (!made_[i].compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) return expected;
    return made.release();
  }

  const HistogramBounds bounds_;
  std::array<std::atomic<Histogram*>, N> made_{};
};

// A metric's name in Prometheus's spelling, and what it says.
struct MetricName {
  absl::string_view name;
  absl::string_view help;
};
struct MetricLabel {
  absl::string_view name;
  absl::string_view value;
};
using MetricLabels = absl::Span<const MetricLabel>;

// Takes what is read. What it is given is valid during the call only.
class MetricWriter {
 public:
  virtual ~MetricWriter() = default;
  virtual void WriteCounter(const MetricName& metric, MetricLabels labels, double value) = 0;
  virtual void WriteGauge(const MetricName& metric, MetricLabels labels, double value) = 0;
  virtual void WriteHistogram(const MetricName& metric, MetricLabels labels, const HistogramValue& value) = 0;
};

// Something that can be read, now and then, by a thread of its own. The names, and the labels' values, are a small,
// bounded number: never a customer. Thread-safe.
class MetricSource {
 public:
  virtual ~MetricSource() = default;
  virtual void Collect(MetricWriter& writer) const = 0;
};

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_METRICS_H_
