#include "service/batch/threads.h"

#include <gtest/gtest.h>

#include <memory>

#include "absl/synchronization/notification.h"
#include "tests/support/collected_metrics.h"

namespace waymark::batch {
namespace {

TEST(ThreadsTest, ATenantLeavesHalfToTheOthers) {
  Threads threads(8);
  absl::Notification over;
  const auto wait = [&](const std::shared_ptr<Cancellation>&) { over.WaitForNotification(); };
  EXPECT_TRUE(threads.Start("a", 3, wait).ok());
  EXPECT_EQ(threads.Start("a", 2, wait).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(threads.Start("a", 1, wait).ok());
  EXPECT_TRUE(threads.Start("b", 2, wait).ok());
  EXPECT_EQ(threads.Start("c", 3, wait).status().code(), absl::StatusCode::kResourceExhausted) << "there are but two";
  EXPECT_TRUE(threads.Start("c", 2, wait).ok());
  over.Notify();
}

TEST(ThreadsTest, ATenantHasItsThreadsAgain) {
  Threads threads(2);
  for (int i = 0; i < 3; ++i) {
    absl::Notification over;
    auto shared = std::shared_ptr<void>(nullptr, [&](void*) { over.Notify(); });
    absl::StatusOr<std::shared_ptr<Cancellation>> started = absl::ResourceExhaustedError("");
    while (!started.ok()) {  // the thread before counts until a little after its work
      started = threads.Start("a", 1, [shared](const std::shared_ptr<Cancellation>&) {});
    }
    shared = nullptr;
    over.WaitForNotification();
  }
}

TEST(ThreadsTest, ItsMetricsAreWhatRunsAndWhatWasDerived) {
  Threads threads(8);
  absl::Notification over;
  EXPECT_TRUE(threads.Start("a", 3, [&](const std::shared_ptr<Cancellation>&) { over.WaitForNotification(); }).ok());
  threads.CountResegmented({.profiles = 10, .changed = 3, .damaged = 1});
  threads.CountResegmented({.profiles = 0, .changed = 2});  // a page that was not done to its end
  auto collected = testing_support::Collect(threads);
  EXPECT_EQ(collected["waymark_batch_threads{}"], 3);
  EXPECT_EQ(collected["waymark_batch_max_threads{}"], 8);
  EXPECT_EQ(collected["waymark_resegmented_profiles_total{result=unchanged}"], 6);
  EXPECT_EQ(collected["waymark_resegmented_profiles_total{result=changed}"], 5);
  EXPECT_EQ(collected["waymark_resegmented_profiles_total{result=damaged}"], 1);
  over.Notify();
}

}  // namespace
}  // namespace waymark::batch
