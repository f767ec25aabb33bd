#ifndef WAYMARK_SERVICE_RPC_CALL_H_
#define WAYMARK_SERVICE_RPC_CALL_H_

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/shared_loop.h"
#include "service/rpc/admission.h"
#include "service/rpc/call_observer.h"
#include "service/rpc/turns.h"

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

// A call whose answer is ready to be sent.
class AnsweredCall {
 public:
  virtual void SendAnswer() = 0;

 protected:
  ~AnsweredCall() = default;
};

// What a handler is told of its call beside the request.
struct CallContext {
  absl::Time deadline;  // of base::SteadyNow
};

// What a call is refused with where too many are under way.
absl::Status TooManyCalls();
// Tells the call's client when to try again: clients of gRPC with a retry policy keep to it ("grpc-retry-pushback-ms",
// gRFC A6). At random within a second, so that they do not come back all at once.
void AskToComeLater(grpc::ServerContext& context);

// How long calls may take.
struct DeadlineRule {
  absl::Duration if_none;
  absl::Duration at_most;
};

// One thread's completion queue, and how many calls (asked for, or running) report to it. It may be shut down when
// there are none.
//
// The thread takes all that has come, and then gives turns for half a millisecond, so that a call which is to be
// refused is refused soon, and refusing does not hold up those that are begun.
//
// Thread-safe, but for Wait.
class CallQueue {
 public:
  // `observer`: of its calls; nullptr: nobody. `admission`: says which calls may begin. `store`: the loop that the
  // thread turns while it waits for answers; nullptr: none.
  CallQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue, DeadlineRule deadlines, CallObserver* observer,
            Admission& admission, base::SharedLoop* store);
  ~CallQueue();

  grpc::ServerCompletionQueue* queue() { return queue_.get(); }
  Admission& admission() { return admission_; }

  // The call's turn comes as soon as the thread has time, after others of its class. Of the thread alone.
  void Wait(CallClass of, WaitingCall& call) { turns_.Wait(of, call); }

  // A call begins so much work (its items), and has done it, before it ends. While the thread's calls of a class have
  // as much under way as Admission::WorkRoom says, others of that class wait, so that a store which does what it is
  // asked for in order does not keep those waiting that come first here.
  void BeginWork(CallClass of, int work) {
    work_[static_cast<size_t>(of)].fetch_add(work, std::memory_order_relaxed);
    begun_work_.fetch_add(work, std::memory_order_relaxed);
  }
  void EndWork(CallClass of, int work) ABSL_LOCKS_EXCLUDED(mutex_);

  // Sends the answer from the queue's thread: at once on that, later from any other. What a store answers comes in
  // bunches on a thread of its own; sending from there would wake the queue's thread for each answer that was sent,
  // which costs more than a decision does, and this wakes it once for the bunch.
  void Send(AnsweredCall& call) ABSL_LOCKS_EXCLUDED(mutex_);

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
  // Comes up in the queue when the thread is woken.
  class Wake final : public Event {
   public:
    explicit Wake(CallQueue& queue) : queue_(queue) {}
    void Happen(bool) override { queue_.SendAnswers(); }

   private:
    CallQueue& queue_;
  };

  void SendAnswers() ABSL_LOCKS_EXCLUDED(mutex_);
  // Lets the thread look again: who waits for room, and what is to be sent.
  void WakeThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom(CallClass of) const { return work_[static_cast<size_t>(of)].load() < admission_.WorkRoom(of); }
  // Whether one of those who wait may go on. Where somebody waits and none may, the end of work wakes the thread.
  bool SomebodysTurn();
  bool Take(absl::Time until);
  // Lets the next event happen, or some answers of the store come. False where the queue is shut down and empty.
  bool Await();
  void GiveTurns(absl::Time until);

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  const DeadlineRule deadlines_;
  CallObserver* const observer_;
  Admission& admission_;
  base::SharedLoop* const store_;
  // The thread's.
  Turns turns_;
  absl::Duration idle_;  // since it last told admission

  std::array<std::atomic<int>, kCallClasses> work_{};  // under way
  std::atomic<int64_t> begun_work_{0};
  std::atomic<bool> held_up_{false};  // somebody waits for room
  std::atomic<int64_t> live_{0};
  std::atomic<std::thread::id> thread_{};
  Wake wake_{*this};
  absl::Mutex mutex_;
  bool empty_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<AnsweredCall*> answered_ ABSL_GUARDED_BY(mutex_);
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;  // the alarm is set
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
};

// What happens to a call that is under way: it waits for its turn, like calls that come. Happens one at a time.
class LaterEvent : public Event, private WaitingCall {
 public:
  LaterEvent(CallQueue& queue, CallClass of) : queue_(queue), class_(of) {}
  void Happen(bool ok) final {
    ok_ = ok;
    queue_.Wait(class_, *this);
  }

 protected:
  virtual void Happened(bool ok) = 0;

 private:
  void TakeTurn() final { Happened(ok_); }

  CallQueue& queue_;
  const CallClass class_;
  bool ok_ = false;
};

// A method being served.
class Method {
 public:
  // `index`: its place among the server's methods.
  Method(int index, CallClass of) : index_(index), class_(of) {}
  virtual ~Method() = default;

  int index() const { return index_; }
  CallClass call_class() const { return class_; }
  // Asks gRPC for one call of this method, to be reported to `queue`. When it comes, the next one is asked for.
  virtual void Arm(CallQueue& queue) const = 0;

 private:
  const int index_;
  const CallClass class_;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_CALL_H_
