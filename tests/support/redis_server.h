#ifndef WAYMARK_TESTS_SUPPORT_REDIS_SERVER_H_
#define WAYMARK_TESTS_SUPPORT_REDIS_SERVER_H_

#include <sys/types.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/support/temp_directory.h"

namespace waymark::testing_support {

// A real redis-server of the test's own, on a free port of the loopback, in a directory of its own. Its process ends
// with the object, and with the thread that started it. Thread-compatible.
class RedisServer {
 public:
  struct Options {
    bool append_only = false;            // what it acknowledged outlives Kill
    std::vector<std::string> arguments;  // further ones of redis-server
  };

  // Runs and answers. NOT_FOUND where redis-server is not installed.
  static absl::StatusOr<std::unique_ptr<RedisServer>> Start(Options options);
  static absl::StatusOr<std::unique_ptr<RedisServer>> Start() { return Start(Options()); }

  // Not running yet: a place where a server can be started later.
  static absl::StatusOr<std::unique_ptr<RedisServer>> Reserve(Options options);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // A port that nobody listens on now.
  static absl::StatusOr<int> FreePort();

  int port() const { return port_; }
  bool running() const { return process_ >= 0; }
  std::string unix_socket() const { return directory_.path() + "/redis.sock"; }

  // Ends the process at once, as a crash would.
  void Kill();
  // After Kill or Reserve: runs and answers on the same port and directory.
  absl::Status Run();

  // Stops the process where it is: connections stay open and nothing is answered.
  void Pause();
  void Continue();

  // Sends a command on a connection of its own, and gives the reply as text: a number in digits, an array joined by
  // spaces, an error as status.
  absl::StatusOr<std::string> Command(std::initializer_list<absl::string_view> arguments) const;

 private:
  RedisServer(Options options, int port);
  absl::Status Spawn();
  absl::Status WaitUntilItAnswers();

  const Options options_;
  const int port_;
  TempDirectory directory_;
  pid_t process_ = -1;  // -1: none
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_REDIS_SERVER_H_
