#ifndef WAYMARK_TESTS_BENCH_CHILD_PROCESS_H_
#define WAYMARK_TESTS_BENCH_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace waymark::bench {

// A program that runs as long as this object, and no longer than the thread that started it. What it
// prints goes to a file. Thread-compatible.
class ChildProcess {
 public:
  // `arguments` begin with the program's path. INTERNAL where it cannot be started.
  static absl::StatusOr<ChildProcess> Start(const std::vector<std::string>& arguments, const std::string& log_file);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  // SIGTERM, and waits.
  ~ChildProcess();

  // Waits until the program has written a port to the file. INTERNAL where it ends instead; DEADLINE_EXCEEDED.
  absl::StatusOr<int> WaitForPort(const std::string& port_file, absl::Duration patience = absl::Seconds(30));

  // Waits until the program ends by itself, and says what it took of the processors. INTERNAL where it failed.
  absl::StatusOr<absl::Duration> WaitForEnd();

  // What the program has taken of the processors so far, in steps of 10 ms.
  absl::Duration CpuTime() const;

  // The memory that it has now.
  int64_t ResidentBytes() const;

 private:
  explicit ChildProcess(pid_t process) : process_(process) {}

  pid_t process_;  // -1: none
};

}  // namespace waymark::bench

#endif  // WAYMARK_TESTS_BENCH_CHILD_PROCESS_H_
