#include "service/base/state_log.h"

#include <cstdint>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::base {
namespace {

using ::testing::ElementsAre;

const absl::Status kAway = absl::UnavailableError("away");

// What was written.
class Lines {
 public:
  struct Line {
    bool well;
    int64_t changes;
  };

  StateLog::Write Writer() {
    return [this](const absl::Status& state, int64_t changes) {
      absl::MutexLock lock(&mutex_);
      lines_.push_back({state.ok(), changes});
    };
  }
  // Once so many changes were told of.
  std::vector<Line> After(int64_t changes) {
    absl::MutexLock lock(&mutex_);
    const auto told = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      int64_t sum = 0;
      for (const Line& line : lines_) sum += line.changes;
      return sum >= changes;
    };
    mutex_.Await(absl::Condition(&told));
    return lines_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<Line> lines_ ABSL_GUARDED_BY(mutex_);
};

MATCHER_P2(LineIs, well, changes, "") { return arg.well == well && arg.changes == changes; }

TEST(StateLogTest, ALineForEachChange) {
  Lines lines;
  StateLog log(lines.Writer(), absl::ZeroDuration());
  log.Set(absl::OkStatus());
  lines.After(1);
  log.Set(absl::OkStatus());
  log.Set(kAway);
  lines.After(2);
  log.Set(absl::UnavailableError("away for another reason"));
  log.Set(absl::OkStatus());
  EXPECT_THAT(lines.After(3), ElementsAre(LineIs(true, 1), LineIs(false, 1), LineIs(true, 1)));
}

TEST(StateLogTest, WhatFlapsIsLoggedOnceInAnInterval) {
  Lines lines;
  {
    StateLog log(lines.Writer(), absl::Hours(1));
    log.Set(kAway);
    lines.After(1);
    for (int i = 0; i < 1000; ++i) log.Set(i % 2 == 0 ? absl::OkStatus() : kAway);
  }
  EXPECT_THAT(lines.After(1), ElementsAre(LineIs(false, 1)));
}

TEST(StateLogTest, AtTheEndOfTheIntervalWhatIsSoThenAndHowOftenItChanged) {
  Lines lines;
  StateLog log(lines.Writer(), absl::Milliseconds(1));
  for (int i = 0; i < 10'000; ++i) log.Set(i % 2 == 0 ? kAway : absl::OkStatus());
  const std::vector<Lines::Line> written = lines.After(10'000);
  EXPECT_TRUE(written.back().well);
  int64_t changes = 0;
  for (const Lines::Line& line : written) {
    changes += line.changes;
    EXPECT_EQ(line.well, changes % 2 == 0) << "as it was after so many changes";
  }
  EXPECT_EQ(changes, 10'000);
}

}  // namespace
}  // namespace waymark::base
