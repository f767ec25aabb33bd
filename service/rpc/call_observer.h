#ifndef WAYMARK_SERVICE_RPC_CALL_OBSERVER_H_
#define WAYMARK_SERVICE_RPC_CALL_OBSERVER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace grpc {
class ServerContext;
}

namespace waymark::rpc {

// A method that a server serves.
struct ServedMethod {
  std::string name;  // "waymark.v1.DecisionService/GetOffers"
  bool stream = false;
};

// A call that is answered. Borrows what is the call's.
struct EndedCall {
  int method = 0;                      // its place among the server's methods
  absl::Time began;                    // when it came, by base::SteadyNow
  const absl::Status& status;          // as it is answered
  const grpc::ServerContext& context;  // with what its client sent beside the request
};

// Sees every call of a server's methods, reflection's excepted: metrics, a log. Called on the path of each call, so it
// must be quick, and must not block. Thread-safe.
class CallObserver {
 public:
  virtual ~CallObserver() = default;

  // Before the first call: the server's methods.
  virtual void Start(const std::vector<ServedMethod>& methods) = 0;
  virtual void Began(int method) = 0;
  // Once a call that began: just before its answer is given to gRPC, or the end of its stream is.
  virtual void Ended(const EndedCall& call) = 0;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_CALL_OBSERVER_H_
