#include "service/journey/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace waymark::journey {
namespace {

TEST(DurationHistogram, KeepsEveryDurationWithinTwoPercent) {
  for (int64_t millis = 0; millis < int64_t{400} * 86'400'000; millis += 1 + millis / 97) {
    DurationHistogram histogram;
    histogram.Add(absl::Milliseconds(millis));
    const absl::Duration middle = *histogram.Quantile(0.5);
    ASSERT_LE(absl::AbsDuration(middle - absl::Milliseconds(millis)), absl::Milliseconds(millis) * 0.016) << millis;
  }
}

TEST(DurationHistogram, QuantilesAreNearestRanks) {
  DurationHistogram histogram;
  EXPECT_EQ(histogram.Quantile(0.5), absl::nullopt);
  for (int i = 1; i <= 10; ++i) histogram.Add(absl::Milliseconds(i));
  EXPECT_EQ(histogram.Quantile(0.5), absl::Milliseconds(5));
  EXPECT_EQ(histogram.Quantile(0.51), absl::Milliseconds(6));
  EXPECT_EQ(histogram.Quantile(0.9), absl::Milliseconds(9));
  EXPECT_EQ(histogram.Quantile(1), absl::Milliseconds(10));
  EXPECT_EQ(histogram.Quantile(0.001), absl::Milliseconds(1));
}

TEST(DurationHistogram, PartsAddUpToTheSameBits) {
  std::mt19937_64 random(5);
  DurationHistogram whole;
  DurationHistogram parts[3];
  for (int i = 0; i < 1000; ++i) {
    const auto duration = absl::Milliseconds(static_cast<int64_t>(random() >> (24 + random() % 40)));
    whole.Add(duration);
    parts[random() % 3].Add(duration);
  }
  DurationHistogram sum;
  for (const DurationHistogram& part : parts) sum.Add(part);
  EXPECT_EQ(sum, whole);
}

TEST(DurationHistogram, WhatIsNegativeIsNone) {
  DurationHistogram histogram;
  histogram.Add(-absl::Hours(1));
  EXPECT_EQ(histogram.Quantile(1), absl::ZeroDuration());
}

}  // namespace
}  // namespace waymark::journey
