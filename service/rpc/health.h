#ifndef WAYMARK_SERVICE_RPC_HEALTH_H_
#define WAYMARK_SERVICE_RPC_HEALTH_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace grpc::health::v1 {
class HealthCheckResponse;
}

namespace waymark::rpc {

class Methods;
template <typename Response>
class StreamWriter;

// grpc.health.v1: says which services serve. On the server's own completion queues, because the health service that
// gRPC 1.51 brings is built on its callback API, whose threads then take turns with ours at polling every connection
// (measured: a third of the service's processor time). Thread-safe; outlives the server.
class Health {
 public:
  // Adds the service's methods to the table.
  void AddTo(Methods& methods);

  // A service that was never set is not known.
  void Set(const std::string& service, bool serving) ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether anybody watches.
  bool watched() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Nothing serves any more, whatever is set; who watches is told, and the streams end.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Writer = std::shared_ptr<StreamWriter<grpc::health::v1::HealthCheckResponse>>;
  struct Watch {
    std::string service;
    Writer writer;
  };

  void BeginWatch(const std::string& service, const Writer& writer) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndWatch(int64_t id) ABSL_LOCKS_EXCLUDED(mutex_);
  void Tell(const Watch& watch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<std::string, bool> serving_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, Watch> watches_ ABSL_GUARDED_BY(mutex_);
  int64_t next_id_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_HEALTH_H_
