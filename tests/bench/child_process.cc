#include "tests/bench/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace waymark::bench {

absl::StatusOr<ChildProcess> ChildProcess::Start(const std::vector<std::string>& arguments,
                                                 const std::string& log_file) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process < 0) return absl::InternalError("cannot fork");
  if (process == 0) {
    // Only what is safe after a fork of a program with threads.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);
    const int log = open(log_file.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (log >= 0) {
      dup2(log, STDOUT_FILENO);
      dup2(log, STDERR_FILENO);
    }
    execv(argv[0], argv.data());
    _exit(127);
  }
  return ChildProcess(process);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : process_(std::exchange(other.process_, -1)) {}

ChildProcess::~ChildProcess() {
  if (process_ < 0) return;
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
}

absl::StatusOr<absl::Duration> ChildProcess::WaitForEnd() {
  int status = 0;
  rusage usage{};
  if (wait4(std::exchange(process_, -1), &status, 0, &usage) < 0) return absl::InternalError("there is no process");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return absl::InternalError("the program failed");
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

absl::Duration ChildProcess::CpuTime() const {
  // proc(5): the 14th and 15th fields are user and system time, in clock ticks; the 2nd, in parentheses, may hold
  // spaces.
  std::ifstream file(absl::StrCat("/proc/", process_, "/stat"));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return absl::ZeroDuration();
  const std::vector<std::string> fields = absl::StrSplit(text.substr(name_end + 2), ' ');
  int64_t user = 0;
  int64_t system = 0;
  if (fields.size() < 13 || !absl::SimpleAtoi(fields[11], &user) || !absl::SimpleAtoi(fields[12], &system)) {
    return absl::ZeroDuration();
  }
  return absl::Seconds(user + system) / sysconf(_SC_CLK_TCK);
}

int64_t ChildProcess::ResidentBytes() const {
  std::ifstream file(absl::StrCat("/proc/", process_, "/statm"));  // proc(5): in pages, the second is what is resident
  int64_t size = 0;
  int64_t resident = 0;
  file >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

absl::StatusOr<int> ChildProcess::WaitForPort(const std::string& port_file, absl::Duration patience) {
  const absl::Time until = absl::Now() + patience;
  while (absl::Now() < until) {
    int port = 0;
    if (std::ifstream(port_file) >> port) return port;
    if (waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      return absl::InternalError("the program ended at once");
    }
    absl::SleepFor(absl::Milliseconds(5));
  }
  return absl::DeadlineExceededError(absl::StrCat("nothing was written to ", port_file));
}

}  // namespace waymark::bench
