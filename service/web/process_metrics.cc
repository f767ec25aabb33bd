#include "service/web/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace waymark::web {
namespace {

constexpr base::MetricName kBuild = {"waymark_build_info", "1, for the version that runs."};
constexpr base::MetricName kCpu = {"process_cpu_seconds_total", "User and system processor time."};
constexpr base::MetricName kResident = {"process_resident_memory_bytes", "Resident memory."};
constexpr base::MetricName kVirtual = {"process_virtual_memory_bytes", "Virtual memory."};
constexpr base::MetricName kThreads = {"process_threads", "Threads of the operating system."};
constexpr base::MetricName kStart = {"process_start_time_seconds", "When the process started, since 1970."};
constexpr base::MetricName kOpenFds = {"process_open_fds", "Open file descriptors."};
constexpr base::MetricName kMaxFds = {"process_max_fds", "File descriptors that may be open."};

std::string Read(const char* path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The fields of /proc/self/stat from the third (`state`) on, which follows the program's name in parentheses; see
// proc(5).
std::vector<double> StatFields() {
  const std::string stat = Read("/proc/self/stat");
  const size_t name_end = stat.rfind(')');
  std::vector<double> fields;
  if (name_end == std::string::npos) return fields;
  for (absl::string_view field : absl::StrSplit(absl::string_view(stat).substr(name_end + 1), ' ', absl::SkipEmpty())) {
    double value = 0;  // `state` is a letter
    if (!absl::SimpleAtod(field, &value)) value = 0;
    fields.push_back(value);
  }
  return fields;
}

// When the machine started, in seconds since 1970; 0: not known.
double BootTime() {
  for (absl::string_view line : absl::StrSplit(Read("/proc/stat"), '\n')) {
    double seconds = 0;
    if (absl::ConsumePrefix(&line, "btime ") && absl::SimpleAtod(line, &seconds)) return seconds;
  }
  return 0;
}

void CollectStat(base::MetricWriter& writer) {
  constexpr size_t kUserTicks = 14 - 3, kSystemTicks = 15 - 3, kThreadCount = 20 - 3, kStartTicks = 22 - 3;
  constexpr size_t kVirtualBytes = 23 - 3, kResidentPages = 24 - 3;
  const std::vector<double> stat = StatFields();
  if (stat.size() <= kResidentPages) return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  writer.WriteCounter(kCpu, {}, (stat[kUserTicks] + stat[kSystemTicks]) / ticks);
  writer.WriteGauge(kResident, {}, stat[kResidentPages] * static_cast<double>(sysconf(_SC_PAGESIZE)));
  writer.WriteGauge(kVirtual, {}, stat[kVirtualBytes]);
  writer.WriteGauge(kThreads, {}, stat[kThreadCount]);
  if (const double boot = BootTime(); boot > 0) writer.WriteGauge(kStart, {}, boot + stat[kStartTicks] / ticks);
}

void CollectFds(base::MetricWriter& writer) {
  std::error_code error;
  const auto open = std::filesystem::directory_iterator("/proc/self/fd", error);
  if (!error) {
    const auto count = std::distance(open, std::filesystem::directory_iterator());
    writer.WriteGauge(kOpenFds, {}, static_cast<double>(count - 1));  // the directory itself is open as well
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) writer.WriteGauge(kMaxFds, {}, static_cast<double>(limit.rlim_cur));
}

}  // namespace

void ProcessMetrics::Collect(base::MetricWriter& writer) const {
  writer.WriteGauge(kBuild, {{"version", version_}}, 1);
  CollectStat(writer);
  CollectFds(writer);
}

}  // namespace waymark::web
