#ifndef WAYMARK_SERVICE_RPC_CALL_H_
#define WAYMARK_SERVICE_RPC_CALL_H_

#include <grpcpp/completion_queue.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/rpc/call_observer.h"

namespace grpc {
class ServerContext;
}

namespace waymark::rpc {

// Something that a completion queue reports; its address is gRPC's tag.
class Event {
 public:
  virtual ~Event() = default;
  // `ok` as grpc::CompletionQueue::Next gives it. May destroy the event.
  virtual void Happen(bool ok) = 0;
};

// What a handler is told of its call beside the request.
struct CallContext {
  absl::Time deadline;  // of the machine's clock
};

// How long calls may take.
struct DeadlineRule {
  absl::Duration if_none;
  absl::Duration at_most;
};

// One thread's completion queue, and how many calls (asked for, or running) report to it. It may be shut down when
// there are none. Thread-safe.
class CallQueue {
 public:
  // `observer`: of its calls; nullptr: nobody.
  CallQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue, DeadlineRule deadlines, CallObserver* observer);
  ~CallQueue();

  grpc::ServerCompletionQueue* queue() { return queue_.get(); }

  // The deadline of a call that came now: its client's within the rule.
  absl::Time DeadlineOf(const grpc::ServerContext& context, absl::Time now) const;

  // Tell the observer.
  void Began(int method) const {
    if (observer_ != nullptr) observer_->Began(method);
  }
  void Ended(const EndedCall& call) const {
    if (observer_ != nullptr) observer_->Ended(call);
  }

  // A call begins and ends. The last one to end is gone for good: while the server runs, each method is asked for.
  void Begin() { live_.fetch_add(1, std::memory_order_relaxed); }
  void End();

  // Lets events happen until the queue is shut down and empty.
  void Run();
  // Waits until no call is left, then ends Run. REQUIRES: the grpc::Server is shut down.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);
  // Shuts down the queue of a server that never started, which nobody runs.
  void Abandon();

 private:
  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  const DeadlineRule deadlines_;
  CallObserver* const observer_;
  std::atomic<int64_t> live_{0};
  absl::Mutex mutex_;
  bool empty_ ABSL_GUARDED_BY(mutex_) = false;
};

// A method being served.
class Method {
 public:
  // `index`: its place among the server's methods.
  explicit Method(int index) : index_(index) {}
  virtual ~Method() = default;

  int index() const { return index_; }
  // Asks gRPC for one call of this method, to be reported to `queue`. When it comes, the next one is asked for.
  virtual void Arm(CallQueue& queue) const = 0;

 private:
  const int index_;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_CALL_H_
