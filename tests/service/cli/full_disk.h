#ifndef WAYMARK_TESTS_SERVICE_CLI_FULL_DISK_H_
#define WAYMARK_TESTS_SERVICE_CLI_FULL_DISK_H_

#include <sys/resource.h>

#include <csignal>

namespace waymark::testing_support {

// While it lives, no file of this process becomes longer than this, as if the disk were full (EFBIG for ENOSPC). One at
// a time.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit full{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*const handler_)(int);
  rlimit before_;
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SERVICE_CLI_FULL_DISK_H_
