#include "service/rpc/listener.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace waymark::rpc {
namespace {

// A connection to 127.0.0.1.
int Connect(int port) {
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return client;
}

// What was handed over.
class Taken {
 public:
  ~Taken() { Close(); }

  Listener::Take Take() {
    return [this](int, int connection) {
      absl::MutexLock lock(&mutex_);
      connections_.push_back(connection);
    };
  }
  void Await(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [this, count] { return connections_.size() >= count; };
    mutex_.Await(absl::Condition(&there));
  }
  size_t count() {
    absl::MutexLock lock(&mutex_);
    return connections_.size();
  }
  void Close() {
    absl::MutexLock lock(&mutex_);
    for (const int connection : connections_) close(connection);
    connections_.clear();
  }

 private:
  absl::Mutex mutex_;
  std::vector<int> connections_;
};

TEST(ListenerTest, HandsOverWhatComes) {
  auto listener = Listener::Bind("127.0.0.1:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  const int early = Connect((*listener)->port());  // waits until it is started
  Taken taken;
  (*listener)->Start(taken.Take());
  const int client = Connect((*listener)->port());
  taken.Await(2);
  (*listener)->Stop();
  EXPECT_EQ(taken.count(), 2u);
  close(early);
  close(client);
}

TEST(ListenerTest, ListensOnEveryAddressOfTheHost) {
  for (const char* host : {"localhost", "0.0.0.0", "127.0.0.1"}) {
    auto listener = Listener::Bind(absl::StrCat(host, ":0"));
    ASSERT_TRUE(listener.ok()) << host << listener.status();
    Taken taken;
    (*listener)->Start(taken.Take());
    close(Connect((*listener)->port()));
    taken.Await(1);
    (*listener)->Stop();
  }
}

TEST(ListenerTest, APortIsNotShared) {
  auto listener = Listener::Bind("127.0.0.1:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  const std::string address = absl::StrCat("127.0.0.1:", (*listener)->port());
  EXPECT_TRUE(absl::IsUnavailable(Listener::Bind(address).status()));
  (*listener)->Stop();
  EXPECT_TRUE(Listener::Bind(address).ok());
}

TEST(ListenerTest, RefusesWhatIsNoAddress) {
  for (const char* address :
       {"", "7475", "localhost", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Listener::Bind(address).status())) << address;
  }
  for (const char* address : {":7475", "192.0.2.1:0", "no such host:0"}) {
    EXPECT_TRUE(absl::IsUnavailable(Listener::Bind(address).status())) << address;
  }
}

TEST(ListenerTest, WithoutDescriptorsItClosesAndGoesOn) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  // Connections get descriptors below 48; clients have others.
  const rlimit few = {64, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  auto listener = Listener::Bind("127.0.0.1:0");
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(listener.ok()) << listener.status();
  Taken taken;
  (*listener)->Start(taken.Take());
  std::vector<int> clients;
  for (int i = 0; i < 48; ++i) clients.push_back(Connect((*listener)->port()));
  // The last one finds nothing left: it is closed.
  char byte = 0;
  EXPECT_EQ(recv(clients.back(), &byte, 1, 0), 0);
  EXPECT_LT(taken.count(), 48u);
  for (const int client : clients) close(client);
  taken.Close();
  clients = {Connect((*listener)->port())};
  taken.Await(1);
  close(clients[0]);
}

}  // namespace
}  // namespace waymark::rpc
