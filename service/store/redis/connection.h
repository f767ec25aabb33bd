#ifndef WAYMARK_SERVICE_STORE_REDIS_CONNECTION_H_
#define WAYMARK_SERVICE_STORE_REDIS_CONNECTION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/store/redis/cluster.h"
#include "service/store/redis/loop_thread.h"
#include "service/store/redis/redis_options.h"
#include "service/store/redis/request.h"

namespace waymark::store {

// The way to a Redis, one server or a cluster, that many threads share, and the I/O thread that serves it. What they
// ask for at the same time is written together, to each server.
//
// Thread-safe. Answers come on the I/O thread, on its guest (loop), or on the caller's where a request is refused at
// once.
class Connection {
 public:
  // Connects in the background and never gives up. `greeting`: commands that begin the connection to each server.
  Connection(const RedisOptions& options, std::vector<std::string> greeting);
  // Answers what is outstanding with UNAVAILABLE. Not to be called from an answer.
  ~Connection();

  // Never waits. Answered once: with Redis's reply, or the reason why there is none. UNAVAILABLE while there is no
  // connection to who has the slot; DEADLINE_EXCEEDED when the deadline passes, and where it has passed before the
  // command could be sent, it is not sent; RESOURCE_EXHAUSTED where too many wait.
  void Send(const Route& route, std::string command, absl::Time deadline, ReplyDone done);

  // Within an answer of Redis: names the process that gave it.
  const std::string& server() const { return cluster_->answerer().server(); }
  // ... and whether what it wrote can be waited for: of a cluster, whether it has replicas that work.
  bool AnswererHasReplicas() const { return cluster_->AnswererHasReplicas(); }

  // ... and waits until what that connection wrote so far has reached a replica of the server; see Cluster.
  void WaitForReplica(absl::Duration patience, absl::Time deadline, absl::AnyInvocable<void(absl::Status)> done) {
    cluster_->WaitForReplica(patience, deadline, std::move(done));
  }

  // Never nullptr; without parts before Redis was first connected.
  std::shared_ptr<const Topology> topology() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether Redis is connected and answers; of a cluster, all masters.
  bool Ready() const { return ready_.load(std::memory_order_relaxed); }

  // The I/O thread's.
  base::SharedLoop& loop() { return loop_; }
  // For how long the I/O thread has had nothing to do.
  absl::Duration idle_time() const { return loop_.idle_time(); }

  // How many keys Redis had lately.
  int64_t keys() const { return keys_.load(std::memory_order_relaxed); }

 private:
  // False: it is the last time.
  bool Drain();
  void SetState(const absl::Status& state);
  // Why the request is refused; where OK it was taken.
  absl::Status Enqueue(std::unique_ptr<Request>& request);

  const RedisOptions options_;
  LoopThread loop_;  // before who counts requests there, and opens handles on it
  std::atomic<bool> ready_{false};
  std::atomic<int64_t> keys_{0};

  // Of who turns the loop.
  absl::Status told_ = absl::UnavailableError("");  // the last that on_state was told
  std::unique_ptr<Cluster> cluster_;
  bool started_ = false;
  bool closed_ = false;

  mutable absl::Mutex mutex_;
  std::vector<std::unique_ptr<Request>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<const Topology> topology_ ABSL_GUARDED_BY(mutex_) = std::make_shared<Topology>();
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_CONNECTION_H_
