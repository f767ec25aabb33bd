#include "service/web/process_metrics.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/support/collected_metrics.h"

namespace waymark::web {
namespace {

using testing_support::Collect;

TEST(ProcessMetricsTest, SaysWhatTheProcessUses) {
  const ProcessMetrics metrics("1.2.3");
  auto before = Collect(metrics);
  EXPECT_EQ(before["waymark_build_info{version=1.2.3}"], 1);
  const double age = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()) - before["process_start_time_seconds{}"];
  EXPECT_GT(age, -2);
  EXPECT_LT(age, 600);
  EXPECT_EQ(before["process_max_fds{}"], static_cast<double>(sysconf(_SC_OPEN_MAX)));

  // More of each shows.
  const int opened = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(opened, 0);
  std::vector<char> memory(64 << 20, 'x');
  const absl::Time until = absl::Now() + absl::Milliseconds(100);
  volatile size_t sum = 0;
  while (absl::Now() < until) sum = sum + static_cast<size_t>(memory[sum % memory.size()]);
  auto after = Collect(metrics);
  close(opened);
  EXPECT_EQ(after["process_open_fds{}"], before["process_open_fds{}"] + 1);
  EXPECT_GE(after["process_resident_memory_bytes{}"], before["process_resident_memory_bytes{}"] + (60 << 20));
  EXPECT_GT(after["process_virtual_memory_bytes{}"], after["process_resident_memory_bytes{}"]);
  EXPECT_GT(after["process_cpu_seconds_total{}"], before["process_cpu_seconds_total{}"]);
  EXPECT_GE(after["process_threads{}"], 1);
}

}  // namespace
}  // namespace waymark::web
