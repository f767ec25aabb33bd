#ifndef WAYMARK_SERVICE_JOURNEY_HISTOGRAM_H_
#define WAYMARK_SERVICE_JOURNEY_HISTOGRAM_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace waymark::journey {

// How long things took, within 1.6 %: counts in log-linear buckets, 32 for each doubling of milliseconds. Histograms
// add up. A value; thread-compatible.
struct DurationHistogram {
  std::vector<int64_t> counts;  // by bucket, up to the last that is not 0

  // Negative durations count as none. O(1).
  void Add(absl::Duration duration);
  void Add(const DurationHistogram& other);

  // The nearest rank: the shortest duration that is not exceeded by at least this share (above 0, to 1) of all, as the
  // middle of its bucket. None where there are none. O(buckets).
  absl::optional<absl::Duration> Quantile(double share) const;

  friend bool operator==(const DurationHistogram&, const DurationHistogram&) = default;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_HISTOGRAM_H_
