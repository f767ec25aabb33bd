#ifndef WAYMARK_SERVICE_STORE_REDIS_LATENCY_QUANTILE_H_
#define WAYMARK_SERVICE_STORE_REDIS_LATENCY_QUANTILE_H_

#include <algorithm>

#include "absl/time/time.h"

namespace waymark::store {

// Below which time a share of all answers come, as it is lately: a stochastic approximation (Robbins and Monro, 1951)
// in the logarithm, which moves up by `share` of a step with each slower answer and down by the rest with each faster
// one, so that it stays where these balance. O(1) and no memory of answers; needs some thousands to follow a change. A
// value.
class LatencyQuantile {
 public:
  LatencyQuantile(double share, absl::Duration begin) : share_(share), value_(begin) {}

  void Add(absl::Duration latency) { Add(latency > value_); }
  // Where it is only known whether it was slower than value().
  void Add(bool slower) {
    value_ *= slower ? 1 + kStep * share_ : 1 - kStep * (1 - share_);
    value_ = std::clamp(value_, kMin, kMax);
  }

  absl::Duration value() const { return value_; }

 private:
  // Slow enough that 100 late answers in a row, as a pause of a server brings them, move it by half.
  static constexpr double kStep = 0.005;
  static constexpr absl::Duration kMin = absl::Microseconds(10);
  static constexpr absl::Duration kMax = absl::Seconds(1);

  double share_;
  absl::Duration value_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_LATENCY_QUANTILE_H_
