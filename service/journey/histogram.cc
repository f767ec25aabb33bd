#include "service/journey/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace waymark::journey {
namespace {

// Up to 2^5 milliseconds each has a bucket of its own; from there on each doubling has 2^5 buckets.
constexpr int kBits = 5;

size_t BucketOf(int64_t millis) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(millis, 0));
  const int exponent = std::max(static_cast<int>(std::bit_width(value)) - (kBits + 1), 0);
  return (static_cast<size_t>(exponent) << kBits) + (value >> exponent);
}

absl::Duration MiddleOf(size_t bucket) {
  const size_t exponent = bucket < (size_t{2} << kBits) ? 0 : (bucket >> kBits) - 1;
  const auto low = static_cast<int64_t>((bucket - (exponent << kBits)) << exponent);
  return absl::Milliseconds(low) + absl::Milliseconds((int64_t{1} << exponent) - 1) / 2;
}

}  // namespace

void DurationHistogram::Add(absl::Duration duration) {
  const size_t bucket = BucketOf(absl::ToInt64Milliseconds(duration));
  if (bucket >= counts.size()) counts.resize(bucket + 1);
  ++counts[bucket];
}

void DurationHistogram::Add(const DurationHistogram& other) {
  if (other.counts.size() > counts.size()) counts.resize(other.counts.size());
  for (size_t i = 0; i < other.counts.size(); ++i) counts[i] += other.counts[i];
}

absl::optional<absl::Duration> DurationHistogram::Quantile(double share) const {
  int64_t total = 0;
  for (int64_t count : counts) total += count;
  if (total == 0) return absl::nullopt;
  auto left = static_cast<int64_t>(std::ceil(share * static_cast<double>(total)));
  left = std::clamp<int64_t>(left, 1, total);
  size_t bucket = 0;
  while (left > counts[bucket]) left -= counts[bucket++];
  return MiddleOf(bucket);
}

}  // namespace waymark::journey
