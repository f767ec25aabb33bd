#include "tests/support/redis_server.h"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace waymark::testing_support {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr int kNotInstalled = 127;

using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;
using Reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

Reply Ask(redisContext& context, std::initializer_list<absl::string_view> arguments) {
  std::vector<const char*> data;
  std::vector<size_t> sizes;
  for (absl::string_view argument : arguments) {
    data.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  void* reply = redisCommandArgv(&context, static_cast<int>(data.size()), data.data(), sizes.data());
  return Reply(static_cast<redisReply*>(reply), &freeReplyObject);
}

std::string TextOf(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) return absl::StrCat(reply.integer);
  if (reply.type != REDIS_REPLY_ARRAY) return std::string(reply.str == nullptr ? "" : reply.str, reply.len);
  std::string joined;
  for (size_t i = 0; i < reply.elements; ++i) absl::StrAppend(&joined, i == 0 ? "" : " ", TextOf(*reply.element[i]));
  return joined;
}

}  // namespace

absl::StatusOr<int> RedisServer::FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return absl::UnavailableError("no free port");
  }
  return ntohs(address.sin_port);
}

RedisServer::RedisServer(Options options, int port) : options_(std::move(options)), port_(port) {}

RedisServer::~RedisServer() { Kill(); }

absl::StatusOr<std::unique_ptr<RedisServer>> RedisServer::Reserve(Options options) {
  const absl::StatusOr<int> port = FreePort();
  if (!port.ok()) return port.status();
  return absl::WrapUnique(new RedisServer(std::move(options), *port));
}

absl::StatusOr<std::unique_ptr<RedisServer>> RedisServer::Start(Options options) {
  absl::Status last;
  for (int attempt = 0; attempt < 5; ++attempt) {  // another process may take the port before redis-server does
    absl::StatusOr<std::unique_ptr<RedisServer>> server = Reserve(options);
    if (!server.ok()) return server.status();
    last = (*server)->Run();
    if (last.ok()) return server;
    if (absl::IsNotFound(last)) return last;
  }
  return last;
}

absl::Status RedisServer::Run() {
  if (absl::Status status = Spawn(); !status.ok()) return status;
  return WaitUntilItAnswers();
}

absl::Status RedisServer::Spawn() {
  const std::string log = directory_.path() + "/redis.log";
  std::vector<std::string> arguments = {"redis-server",
                                        "--port",
                                        absl::StrCat(port_),
                                        "--bind",
                                        "127.0.0.1",
                                        "--unixsocket",
                                        unix_socket(),
                                        "--dir",
                                        directory_.path(),
                                        "--save",
                                        "",
                                        "--appendonly",
                                        options_.append_only ? "yes" : "no",
                                        "--appendfsync",
                                        "always",
                                        "--logfile",
                                        log,
                                        "--daemonize",
                                        "no"};
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  process_ = fork();
  if (process_ < 0) return absl::UnavailableError("cannot fork");
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], argv.data());
    _exit(kNotInstalled);
  }
  return absl::OkStatus();
}

absl::Status RedisServer::WaitUntilItAnswers() {
  for (const absl::Time until = absl::Now() + kPatience; absl::Now() < until; absl::SleepFor(absl::Milliseconds(1))) {
    int state = 0;
    if (waitpid(process_, &state, WNOHANG) == process_) {
      process_ = -1;
      if (WIFEXITED(state) && WEXITSTATUS(state) == kNotInstalled) {
        return absl::NotFoundError("redis-server is not installed: apt-get install redis-server");
      }
      return absl::UnavailableError("redis-server ended as it started");
    }
    const absl::StatusOr<std::string> pong = Command({"PING"});
    if (pong.ok() || absl::StartsWith(pong.status().message(), "NOAUTH")) return absl::OkStatus();
  }
  Kill();
  return absl::DeadlineExceededError("redis-server did not answer");
}

absl::StatusOr<std::string> RedisServer::Command(std::initializer_list<absl::string_view> arguments) const {
  const Context context(redisConnect("127.0.0.1", port_), &redisFree);
  if (context == nullptr || context->err != 0) return absl::UnavailableError("redis-server does not answer");
  redisSetTimeout(context.get(), {.tv_sec = absl::ToInt64Seconds(kPatience), .tv_usec = 0});
  const Reply reply = Ask(*context, arguments);
  if (reply == nullptr) return absl::UnavailableError("redis-server does not answer");
  if (reply->type == REDIS_REPLY_ERROR) return absl::FailedPreconditionError(TextOf(*reply));
  return TextOf(*reply);
}

void RedisServer::Kill() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void RedisServer::Pause() {
  kill(process_, SIGSTOP);
  int state = 0;
  waitpid(process_, &state, WUNTRACED);  // until it has stopped
}

void RedisServer::Continue() { kill(process_, SIGCONT); }

}  // namespace waymark::testing_support
