#include "service/cli/progress.h"

#include <gtest/gtest.h>

namespace waymark::cli {
namespace {

TEST(Grouped, PutsCommas) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(-123), "-123");
  EXPECT_EQ(Grouped(-1234567), "-1,234,567");
}

TEST(ProgressBar, ShowsShareRateAndTimeLeft) {
  EXPECT_EQ(ProgressBar({12'345, 0.5}, absl::Seconds(3), "lines", 79),
            "[##########----------]   50%  12,345 lines  4,115/s  0:03 left");
  EXPECT_EQ(ProgressBar({100, 1.0}, absl::Seconds(10), "lines", 79),
            "[####################]  100%  100 lines  10/s  0:00 left");
  EXPECT_EQ(ProgressBar({1, 0.0002}, absl::Seconds(1), "lines", 79),
            "[--------------------]    0%  1 lines  1/s  1:23:19 left");
}

TEST(ProgressBar, WithoutATotalShowsTheRate) {
  EXPECT_EQ(ProgressBar({50, 0}, absl::Seconds(10), "profiles", 79), "50 profiles  5/s");
  EXPECT_EQ(ProgressBar({0, 0}, absl::ZeroDuration(), "profiles", 79), "0 profiles");
}

TEST(ProgressBar, StaysWithinTheTerminal) {
  EXPECT_EQ(ProgressBar({12'345, 0.5}, absl::Seconds(3), "lines", 50), " 50%  12,345 lines  4,115/s  0:03 left");
  EXPECT_EQ(ProgressBar({12'345, 0.5}, absl::Seconds(3), "lines", 10), " 50%  12,3");
}

TEST(ProgressLine, IsOneSentence) {
  EXPECT_EQ(ProgressLine({12'345, 0.5}, absl::Minutes(2), "lines"), "50%, 12,345 lines, 102/s, 2:00 left");
  EXPECT_EQ(ProgressLine({50, 0}, absl::Seconds(10), "profiles"), "50 profiles, 5/s");
}

TEST(Progress, RedrawsTenTimesASecondOnATerminal) {
  const absl::Time start = absl::FromUnixSeconds(1000);
  Progress progress(true, "lines", start);
  EXPECT_EQ(progress.Update({1, 0}, start + absl::Milliseconds(99)), "");
  EXPECT_EQ(progress.Clear(), "");
  EXPECT_EQ(progress.Update({10, 0}, start + absl::Seconds(1)), "\r\x1b[K10 lines  10/s");
  EXPECT_EQ(progress.Update({11, 0}, start + absl::Milliseconds(1099)), "");
  EXPECT_EQ(progress.Update({12, 0}, start + absl::Milliseconds(1100)), "\r\x1b[K12 lines  10/s");
  EXPECT_EQ(progress.Clear(), "\r\x1b[K");
  EXPECT_EQ(progress.Clear(), "");
}

TEST(Progress, WritesALineNowAndThenElsewhere) {
  const absl::Time start = absl::FromUnixSeconds(1000);
  Progress progress(false, "lines", start);
  EXPECT_EQ(progress.Update({1, 0}, start + absl::Milliseconds(4999)), "");
  EXPECT_EQ(progress.Update({10, 0.5}, start + absl::Seconds(5)), "50%, 10 lines, 2/s, 0:05 left\n");
  EXPECT_EQ(progress.Update({11, 0.6}, start + absl::Seconds(6)), "");
  EXPECT_EQ(progress.Clear(), "");
}

}  // namespace
}  // namespace waymark::cli
