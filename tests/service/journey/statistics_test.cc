#include "service/journey/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waymark::journey {
namespace {

// scipy.stats.t.ppf(0.975, df)
TEST(Statistics, StudentsTIsThatOfScipy) {
  for (const auto& [degrees_of_freedom, expected] : {std::make_pair(1, 12.706204736174694),
                                                     {2, 4.302652729749462},
                                                     {4, 2.7764451051977934},
                                                     {9, 2.262157162798205},
                                                     {10, 2.228138851986274},
                                                     {15, 2.131449545559776},
                                                     {30, 2.0422724563012378},
                                                     {100, 1.9839715185235518},
                                                     {1'000'000, 1.959966356814107}}) {
    EXPECT_NEAR(StudentT975(degrees_of_freedom), expected, 1e-5) << degrees_of_freedom;
  }
}

// scipy.stats.t.interval(0.95, 9, mean, sem) of these, in hundredths.
TEST(Statistics, MeansHaveStudentsInterval) {
  int64_t sum = 0;
  int64_t squares = 0;
  for (const int64_t value : {-50, -100, -25, 50, -75, -100, -30, 0, -60, -100}) {
    sum += value;
    squares += value * value;
  }
  const Estimate mean = MeanOf(10, sum, squares);
  EXPECT_NEAR(mean.value, -49, 1e-12);
  EXPECT_NEAR(mean.low, -84.15857700552221, 1e-4);
  EXPECT_NEAR(mean.high, -13.841422994477798, 1e-4);
  EXPECT_EQ(MeanOf(1, 7, 49).low, 7);
  // Sums that no double holds exactly: a variance of next to nothing beside a large mean.
  const Estimate close =
      MeanOf(900'000'001, 900'000'001 * int64_t{100'000} - 1, 900'000'001 * int64_t{10'000'000'000} - 199'999);
  EXPECT_NEAR(close.high - close.low, 2 * 1.959964 * 1 / 9e8, 1e-10);
}

// 100 (p - d) and z sqrt((p + d - (p - d)^2) / n), computed with numpy.
TEST(Statistics, NetPromoterScoresHaveTheIntervalOfATrinomial) {
  const Estimate score = NetPromoterScore(60, 40, 20);
  EXPECT_NEAR(100 * score.value, 33.333333333333336, 1e-9);
  EXPECT_NEAR(100 * (score.high - score.value), 13.335865767653639, 1e-9);
  EXPECT_NEAR(100 * (score.value - score.low), 13.335865767653639, 1e-9);
  EXPECT_EQ(NetPromoterScore(5, 0, 0).low, 1);
}

// The example of section 3.2 of the paper: of 15 tests the four smallest are discoveries at 5 %; Bonferroni has three.
TEST(Statistics, DiscoveriesAreThoseOfBenjaminiAndHochberg) {
  const std::vector<double> p_values = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                                        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0};
  const std::vector<bool> discoveries = Discoveries(p_values, 0.05);
  for (size_t i = 0; i < p_values.size(); ++i) EXPECT_EQ(discoveries[i], i < 4) << i;
}

// It steps up: a large p-value takes those before it along, in any order.
TEST(Statistics, DiscoveriesStepUp) {
  EXPECT_THAT(Discoveries({0.05, 0.04, 0.045}, 0.05), testing::Each(true));
  EXPECT_THAT(Discoveries({0.04, 0.051}, 0.05), testing::Each(false));
  EXPECT_THAT(Discoveries({1, 0.02}, 0.05), testing::ElementsAre(false, true));
  EXPECT_THAT(Discoveries({}, 0.05), testing::IsEmpty());
}

}  // namespace
}  // namespace waymark::journey
