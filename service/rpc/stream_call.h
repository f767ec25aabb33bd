#ifndef WAYMARK_SERVICE_RPC_STREAM_CALL_H_
#define WAYMARK_SERVICE_RPC_STREAM_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/rpc/call.h"
#include "service/rpc/status.h"

namespace waymark::rpc {

template <typename Request, typename Response>
class StreamMethod;

// The stream of answers of one call. One write is on its way at a time, and one message waits, so that a slow client
// costs two messages of memory. A call either Writes or Sends. Thread-safe.
template <typename Response>
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  // For messages of which each replaces the ones before it (progress): a newer one takes the place of the one that
  // waits. The last message before Finish always arrives, unless the client is gone.
  virtual void Write(Response message) = 0;
  // For messages of which none may be lost: `sent(true)` is called once gRPC has taken the message, which is when the
  // client keeps up, and the next one may be sent; `sent(false)` where the client is gone, or the stream was finished.
  // On any thread, this one included. REQUIRES: the one before was sent.
  virtual void Send(Response message, absl::AnyInvocable<void(bool)> sent) = 0;
  // Ends the stream after what was written; the first call counts.
  virtual void Finish(absl::Status status) = 0;
  // Ends the call at once, as if the client had cancelled it: what is on its way to one that does not read is dropped.
  virtual void Cancel() = 0;
  // Called once, on any thread, if the client cancels, goes or lets its deadline pass before Finish: at once where it
  // has already. Finish is owed still.
  virtual void OnCancel(absl::AnyInvocable<void()> callback) = 0;
};

// How long a client may take to read a message.
inline constexpr absl::Duration kSlowestClient = absl::Seconds(30);

// Sends, and waits until the next message may be sent; false where there is no use in that. For threads that may block:
// the call of a client that holds them beyond `patience` is cancelled.
template <typename Response>
bool SendAndWait(StreamWriter<Response>& writer, Response message, absl::Duration patience = kSlowestClient) {
  bool useful = false;
  absl::Notification answered;
  writer.Send(std::move(message), [&](bool sent) {
    useful = sent;
    answered.Notify();
  });
  if (!answered.WaitForNotificationWithTimeout(patience)) writer.Cancel();
  answered.WaitForNotification();
  return useful;
}

// The handler's writer is shared by whoever writes; where the last one lets it go without Finish, the stream ends with
// INTERNAL.
template <typename Request, typename Response>
using StreamHandler = std::function<void(const Request&, const CallContext&, std::shared_ptr<StreamWriter<Response>>)>;

// One call from being asked for until gRPC has nothing more to report of it: that it is done (cancelled or not), and
// that its end was sent. It holds itself until then, and writers hold it beyond.
template <typename Request, typename Response>
class StreamCall final : public std::enable_shared_from_this<StreamCall<Request, Response>> {
 public:
  static void Begin(const StreamMethod<Request, Response>& method, CallQueue& queue) {
    auto call = std::make_shared<StreamCall>(method, queue);
    call->self_ = call;
    call->context_.AsyncNotifyWhenDone(&call->done_event_);
    method.Ask(&call->context_, &call->request_, &call->writer_, queue.queue(), &call->arrival_);
  }

  // Public for make_shared alone.
  StreamCall(const StreamMethod<Request, Response>& method, CallQueue& queue)
      : method_(method), queue_(queue), writer_(&context_) {
    queue_.Begin();
  }

  void Write(Response message) {
    absl::MutexLock lock(&mutex_);
    if (end_.has_value() || broken_) return;
    waiting_ = std::move(message);
    SendNext();
  }

  void Send(Response message, absl::AnyInvocable<void(bool)> sent) {
    {
      absl::MutexLock lock(&mutex_);
      if (!end_.has_value() && !broken_) {
        waiting_ = std::move(message);
        sent_ = std::move(sent);
        return SendNext();
      }
    }
    sent(false);
  }

  void Finish(absl::Status status) {
    absl::AnyInvocable<void()> unused;  // destroyed without the lock: it may hold a writer
    absl::MutexLock lock(&mutex_);
    if (end_.has_value()) return;
    end_ = std::move(status);
    unused = std::exchange(on_cancel_, nullptr);
    SendNext();
  }

  void Cancel() { context_.TryCancel(); }

  void OnCancel(absl::AnyInvocable<void()> callback) {
    {
      absl::MutexLock lock(&mutex_);
      if (end_.has_value()) return;
      if (!cancelled_) {
        on_cancel_ = std::move(callback);
        return;
      }
    }
    callback();
  }

 private:
  // One of the things that gRPC reports of the call.
  class Report final : public Event {
   public:
    Report(StreamCall& call, void (StreamCall::*what)(bool)) : call_(call), what_(what) {}
    void Happen(bool ok) override { (call_.*what_)(ok); }

   private:
    StreamCall& call_;
    void (StreamCall::*const what_)(bool);
  };

  // What the handler holds.
  class Handle final : public StreamWriter<Response> {
   public:
    explicit Handle(std::shared_ptr<StreamCall> call) : call_(std::move(call)) {}
    ~Handle() override { call_->Finish(absl::InternalError("the call was dropped without an answer")); }
    void Write(Response message) override { call_->Write(std::move(message)); }
    void Send(Response message, absl::AnyInvocable<void(bool)> sent) override {
      call_->Send(std::move(message), std::move(sent));
    }
    void Finish(absl::Status status) override { call_->Finish(std::move(status)); }
    void Cancel() override { call_->Cancel(); }
    void OnCancel(absl::AnyInvocable<void()> callback) override { call_->OnCancel(std::move(callback)); }

   private:
    const std::shared_ptr<StreamCall> call_;
  };

  void Arrived(bool ok) {
    if (!ok) return End();  // the server is shutting down; nothing else is reported
    method_.Arm(queue_);
    const CallContext context{queue_.DeadlineOf(context_)};
    method_.handler()(request_, context, std::make_shared<Handle>(this->shared_from_this()));
  }

  void Written(bool ok) {
    absl::AnyInvocable<void(bool)> sent;
    {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
      broken_ = broken_ || !ok;
      sent = std::exchange(sent_, nullptr);
      SendNext();
    }
    if (sent) sent(ok);
  }

  void Done(bool) {
    absl::AnyInvocable<void()> callback;
    {
      absl::MutexLock lock(&mutex_);
      cancelled_ = context_.IsCancelled();
      if (cancelled_) callback = std::exchange(on_cancel_, nullptr);
    }
    if (callback) callback();
    PartOver();
  }

  void Ended(bool) { PartOver(); }

  // One write or the end at a time.
  void SendNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || ending_) return;
    if (waiting_.has_value() && !broken_) {
      writing_ = true;
      const Response message = *std::exchange(waiting_, absl::nullopt);
      writer_.Write(message, &written_);
    } else if (end_.has_value()) {
      ending_ = true;
      writer_.Finish(ToGrpcStatus(*end_), &ended_);
    }
  }

  void PartOver() {
    {
      absl::MutexLock lock(&mutex_);
      if (--parts_ > 0) return;
    }
    End();
  }

  void End() {
    CallQueue& queue = queue_;
    std::shared_ptr<StreamCall> self = std::move(self_);
    self.reset();
    queue.End();
  }

  const StreamMethod<Request, Response>& method_;
  CallQueue& queue_;
  std::shared_ptr<StreamCall> self_;
  grpc::ServerContext context_;
  Request request_;
  grpc::ServerAsyncWriter<Response> writer_;
  Report arrival_{*this, &StreamCall::Arrived};
  Report written_{*this, &StreamCall::Written};
  Report done_event_{*this, &StreamCall::Done};
  Report ended_{*this, &StreamCall::Ended};

  absl::Mutex mutex_;
  absl::optional<Response> waiting_ ABSL_GUARDED_BY(mutex_);
  absl::AnyInvocable<void(bool)> sent_ ABSL_GUARDED_BY(mutex_);  // of the message that waits or is on its way
  absl::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  absl::AnyInvocable<void()> on_cancel_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;  // a write failed: the client is gone
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  int parts_ ABSL_GUARDED_BY(mutex_) = 2;  // done, and ended
};

template <typename Request, typename Response>
class StreamMethod final : public Method {
 public:
  using AskForCall = std::function<void(grpc::ServerContext*, Request*, grpc::ServerAsyncWriter<Response>*,
                                        grpc::ServerCompletionQueue*, void*)>;

  StreamMethod(AskForCall ask, StreamHandler<Request, Response> handler)
      : ask_(std::move(ask)), handler_(std::move(handler)) {}

  void Arm(CallQueue& queue) const override { StreamCall<Request, Response>::Begin(*this, queue); }

  void Ask(grpc::ServerContext* context, Request* request, grpc::ServerAsyncWriter<Response>* writer,
           grpc::ServerCompletionQueue* queue, void* tag) const {
    ask_(context, request, writer, queue, tag);
  }
  const StreamHandler<Request, Response>& handler() const { return handler_; }

 private:
  const AskForCall ask_;
  const StreamHandler<Request, Response> handler_;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_STREAM_CALL_H_
