#include "segmentation/proportions.h"

#include <gtest/gtest.h>

#include <utility>

namespace waymark::segmentation {
namespace {

struct Case {
  Proportion a;
  Proportion b;
  Interval expected;
};

// Table I of Newcombe, Statistics in Medicine 17, 857-872 (1998), method 3.
TEST(Proportions, WilsonsIntervalIsThatOfTheLiterature) {
  for (const Case& each : {Case{{81, 263}, {}, {0.2553, 0.3662}}, Case{{15, 148}, {}, {0.0624, 0.1605}},
                           Case{{0, 20}, {}, {0, 0.1611}}, Case{{1, 29}, {}, {0.0061, 0.1718}}}) {
    const Interval interval = WilsonInterval(each.a);
    EXPECT_NEAR(interval.low, each.expected.low, 5e-5) << each.a.hits;
    EXPECT_NEAR(interval.high, each.expected.high, 5e-5) << each.a.hits;
  }
  EXPECT_EQ(WilsonInterval({20, 20}).high, 1);
  EXPECT_EQ(WilsonInterval({0, 0}).low, 0);
  EXPECT_EQ(WilsonInterval({0, 0}).high, 1);
}

// Table II of Newcombe, Statistics in Medicine 17, 873-890 (1998), method 10.
TEST(Proportions, NewcombesIntervalIsThatOfTheLiterature) {
  for (const Case& each : {Case{{56, 70}, {48, 80}, {0.0524, 0.3339}}, Case{{9, 10}, {3, 10}, {0.1705, 0.8090}},
                           Case{{6, 7}, {2, 7}, {0.0582, 0.8062}}, Case{{5, 56}, {0, 29}, {-0.0381, 0.1926}},
                           Case{{0, 10}, {0, 20}, {-0.1611, 0.2775}}, Case{{0, 10}, {0, 10}, {-0.2775, 0.2775}},
                           Case{{10, 10}, {0, 20}, {0.6791, 1}}, Case{{10, 10}, {0, 10}, {0.6075, 1}}}) {
    const Interval interval = NewcombeInterval(each.a, each.b);
    EXPECT_NEAR(interval.low, each.expected.low, 5e-5) << each.a.hits << "/" << each.a.total;
    EXPECT_NEAR(interval.high, each.expected.high, 5e-5) << each.a.hits << "/" << each.a.total;
  }
  EXPECT_EQ(NewcombeInterval({0, 0}, {1, 2}).low, -1);
}

// The p-values of scipy.stats.chi2_contingency(..., correction=False), whose statistic is z^2.
TEST(Proportions, EqualRatesAreTestedAsByPearson) {
  const struct {
    Proportion a;
    Proportion b;
    double z;
    double p_value;
  } cases[] = {{{60, 100}, {40, 100}, 2.8284271247461894, 0.004677734981047276},
               {{30, 50}, {90, 200}, 1.8988863132818745, 0.0575794252617175},
               {{5, 1000}, {20, 1000}, -3.018927632559765, 0.0025367111749685037},
               {{500, 1000}, {100, 1000}, 19.518001458970662, 7.719934594295125e-85}};
  for (const auto& each : cases) {
    const RateTest test = TestEqualRates(each.a, each.b);
    EXPECT_NEAR(test.z, each.z, 1e-12);
    EXPECT_NEAR(test.p_value / each.p_value, 1, 1e-9);
  }
  for (const auto& [a, b] : {std::make_pair(Proportion{0, 0}, Proportion{1, 2}), {{0, 5}, {0, 9}}, {{5, 5}, {9, 9}}}) {
    EXPECT_EQ(TestEqualRates(a, b).z, 0);
    EXPECT_EQ(TestEqualRates(a, b).p_value, 1);
  }
}

}  // namespace
}  // namespace waymark::segmentation
