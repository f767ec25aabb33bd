#include "service/batch/proportions.h"

#include <gtest/gtest.h>

namespace waymark::batch {
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

}  // namespace
}  // namespace waymark::batch
