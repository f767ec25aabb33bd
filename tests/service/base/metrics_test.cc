#include "service/base/metrics.h"

#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::base {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kBounds[] = {absl::Milliseconds(1), absl::Milliseconds(10)};

TEST(CountersTest, NothingIsLostAmongThreads) {
  constexpr int kThreads = 2 * kMetricShards + 3;
  constexpr uint64_t kTimes = 10'000;
  Counters<3> counters;
  Histogram histogram(kBounds);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (uint64_t n = 0; n < kTimes; ++n) {
        counters.Add(0);
        counters.Add(2, 5);
        histogram.Add(absl::Milliseconds(2));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counters.value(0), kThreads * kTimes);
  EXPECT_EQ(counters.value(1), 0);
  EXPECT_EQ(counters.value(2), 5 * kThreads * kTimes);
  EXPECT_THAT(histogram.value().counts, ElementsAre(0, kThreads * kTimes, 0));
  EXPECT_DOUBLE_EQ(histogram.value().sum_seconds, kThreads * kTimes * 0.002);
}

TEST(HistogramTest, ABucketHoldsItsUpperBound) {
  struct Case {
    absl::Duration duration;
    size_t bucket;
  };
  const Case cases[] = {
      {absl::ZeroDuration(), 0},      {absl::Seconds(-3), 0},        {absl::Milliseconds(1), 0},
      {absl::Microseconds(1'001), 1}, {absl::Milliseconds(10), 1},   {absl::Microseconds(10'001), 2},
      {absl::Hours(24), 2},           {absl::InfiniteDuration(), 2}, {-absl::InfiniteDuration(), 0},
  };
  for (const Case& each : cases) {
    Histogram histogram(kBounds);
    histogram.Add(each.duration);
    EXPECT_EQ(histogram.value().counts[each.bucket], 1) << each.duration;
    EXPECT_EQ(histogram.total(), 1);
    EXPECT_GE(histogram.value().sum_seconds, 0);
  }
}

TEST(HistogramTest, TheBoundsRise) {
  for (const HistogramBounds bounds : {CallBounds(), StoreBounds()}) {
    for (size_t i = 1; i < bounds.size(); ++i) EXPECT_LT(bounds[i - 1], bounds[i]);
  }
  EXPECT_EQ(CallBounds()[0], absl::Microseconds(250));
}

TEST(HistogramsTest, ThreadsThatAreFirstAtOnceShareOne) {
  for (int round = 0; round < 50; ++round) {
    Histograms<2> histograms(kBounds);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { histograms.Add(1, absl::Seconds(1)); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(histograms.Find(0), nullptr);
    ASSERT_NE(histograms.Find(1), nullptr);
    EXPECT_EQ(histograms.Find(1)->total(), 4);
  }
}

}  // namespace
}  // namespace waymark::base
