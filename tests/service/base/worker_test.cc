#include "service/base/worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace waymark::base {
namespace {

absl::Duration Never() { return absl::InfiniteDuration(); }

TEST(WorkerTest, RunsTasksInOrderTheLastOnesBeforeItEnds) {
  std::vector<int> ran;
  {
    Worker worker(Never);
    for (int i = 0; i < 100; ++i) worker.Post([&ran, i] { ran.push_back(i); });
  }
  ASSERT_EQ(ran.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[static_cast<size_t>(i)], i);
}

TEST(WorkerTest, TicksAtOnceAndThenAsItSays) {
  absl::Notification third;
  int ticks = 0;
  Worker worker([&] {
    if (++ticks < 3) return absl::Milliseconds(1);
    third.Notify();
    return absl::InfiniteDuration();
  });
  third.WaitForNotification();
}

TEST(WorkerTest, TicksEarlierWhereItIsAskedToOnce) {
  absl::Notification first;
  absl::Notification second;
  std::atomic<int> ticks{0};
  Worker worker([&] {
    (++ticks == 1 ? first : second).Notify();
    return absl::Hours(24);
  });
  first.WaitForNotification();
  worker.TickBy(absl::Now() + absl::Hours(1));
  worker.TickBy(absl::InfiniteFuture());
  worker.TickBy(absl::Now() - absl::Hours(1));  // already over
  second.WaitForNotification();
}

TEST(WorkerTest, EndsWhileItWaits) {
  absl::Notification ticked;
  Worker worker([&] {
    ticked.Notify();
    return absl::InfiniteDuration();
  });
  ticked.WaitForNotification();
}

}  // namespace
}  // namespace waymark::base
