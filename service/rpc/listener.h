#ifndef WAYMARK_SERVICE_RPC_LISTENER_H_
#define WAYMARK_SERVICE_RPC_LISTENER_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace waymark::rpc {

// Listens on an address, and hands over the connections that come, on a thread of its own that sleeps in between. In
// place of gRPC's listener (1.51), which never accepts again after the process once had no file descriptor left. Here
// connections may take three quarters of the descriptors, so that the store has its files; one beyond is closed at
// once, which its client sees as UNAVAILABLE, and the next one is served when another has left. Thread-compatible.
class Listener {
 public:
  // Called with the listening socket and the connection's, which is the callee's from then on.
  using Take = absl::AnyInvocable<void(int listener, int connection)>;

  // "HOST:PORT" or "[IPv6]:PORT"; port 0: a free one; every address that the host has is listened on. Connections wait
  // until Start. UNAVAILABLE: the address cannot be had; two processes never share one.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(const std::string& address);

  // As Stop.
  ~Listener();

  int port() const { return port_; }

  // Once.
  void Start(Take take);

  // Closes the listening sockets; nothing is handed over any more when it returns.
  void Stop();

 private:
  Listener() = default;

  void Run();
  // Hands over what waits at one socket. False: there are no descriptors at all; try again later.
  bool Accept(int listener);

  std::vector<int> listeners_;
  int wake_ = -1;  // an eventfd that ends Run
  int port_ = 0;
  int first_refused_ = 0;  // the lowest descriptor that is not for connections
  Take take_;
  std::thread thread_;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_LISTENER_H_
