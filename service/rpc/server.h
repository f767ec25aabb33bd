#ifndef WAYMARK_SERVICE_RPC_SERVER_H_
#define WAYMARK_SERVICE_RPC_SERVER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/shared_loop.h"

namespace waymark::rpc {

class Admission;
class CallObserver;
class Methods;

struct ServerOptions {
  // Host and port; port 0: a free one.
  std::string address = "127.0.0.1:0";

  // Threads that take calls and run handlers, each with a completion queue of its own. One thread drains what is ready
  // without handing calls to another, which costs more than a decision does.
  int threads = 1;

  // Calls of each method that gRPC may hand over before a thread comes by.
  int armed_calls = 32;

  // The deadline of a unary call whose client set none, and the latest that is given to the store, so that a shutdown
  // ends.
  absl::Duration default_deadline = absl::Seconds(5);
  absl::Duration max_deadline = absl::Seconds(10);

  // Bounds against clients that err or mean harm; this gRPC (1.51) lacks later fixes of HTTP/2 floods.
  int max_receive_bytes = 4 * 1024 * 1024;
  int max_metadata_bytes = 16 * 1024;
  int max_streams_per_connection = 1000;
  size_t max_buffer_bytes = 256 * 1024 * 1024;  // of gRPC, for all calls; beyond it calls are refused
  // A connection is asked to close after so long, so that clients spread over new replicas; calls on it finish.
  absl::Duration max_connection_age = absl::Minutes(30);
  absl::Duration max_connection_idle = absl::Minutes(15);
  // A silent client is asked whether it is there.
  absl::Duration keepalive_interval = absl::Minutes(1);
  absl::Duration keepalive_timeout = absl::Seconds(20);
  // A client may ask as often as this.
  absl::Duration min_client_ping_interval = absl::Seconds(10);

  // Says which calls may begin; outlives the server. nullptr: it has one of its own.
  Admission* admission = nullptr;

  // The loop of the store behind `methods`, which the first of the threads turns while it waits for answers; outlives
  // the server. nullptr: none.
  base::SharedLoop* store = nullptr;

  // Sees every call; outlives the server. nullptr: nobody does.
  CallObserver* observer = nullptr;
};

// The gRPC server: takes calls, hands them to `methods`, and stops in order. With grpc.health.v1 (the services "",
// "liveness" and "readiness") and reflection.
//
// Which of gRPC's server APIs serves is chosen here and in methods.h, and nowhere else: completion queues, because a
// unary call then costs the fewest handovers between threads (README's decision log has the figures).
//
// Thread-safe, but for Shutdown and the destructor.
class Server {
 public:
  // Listens. Not ready yet: health says so until SetReady(true). INVALID_ARGUMENT: an option; UNAVAILABLE: the address
  // cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, std::unique_ptr<Methods> methods);

  // Shuts down without grace where Shutdown was not called. What handlers use must outlive the server.
  ~Server();

  // The port that was chosen.
  int port() const;

  // What health answers for "" and "readiness"; "liveness" is SERVING until Shutdown. Who watches is told.
  void SetReady(bool ready);

  // Not ready, but serves on: for `patience`, in which clients that watch readiness send their calls elsewhere, or not
  // at all where nobody watches. A call that is on its way when Shutdown closes its connection is cancelled by gRPC.
  void Drain(absl::Duration patience);

  // Not ready; takes no more calls; lets those that run finish for `grace`, then cancels what is left (streams; a unary
  // call waits for its handler, which has a deadline). Returns when every handler has answered. Once.
  void Shutdown(absl::Duration grace);

 private:
  class Running;
  explicit Server(std::unique_ptr<Running> running);

  const std::unique_ptr<Running> running_;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_SERVER_H_
