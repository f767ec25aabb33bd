#ifndef WAYMARK_SERVICE_RPC_ANSWERING_CALL_H_
#define WAYMARK_SERVICE_RPC_ANSWERING_CALL_H_

#include <grpcpp/server_context.h>

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/base/clock.h"
#include "service/rpc/call.h"
#include "service/rpc/status.h"

namespace waymark::rpc {

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
  // On any thread, this one included. The message is serialized before Send returns. REQUIRES: the one before was sent,
  // and nothing was written.
  virtual void Send(const Response& message, absl::AnyInvocable<void(bool)> sent) = 0;
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
bool SendAndWait(StreamWriter<Response>& writer, const Response& message, absl::Duration patience = kSlowestClient) {
  bool useful = false;
  absl::Notification answered;
  writer.Send(message, [&](bool sent) {
    useful = sent;
    answered.Notify();
  });
  if (!answered.WaitForNotificationWithTimeout(patience)) writer.Cancel();
  answered.WaitForNotification();
  return useful;
}

// A call whose answer is a stream, from being asked for until gRPC has nothing more to report of it: that it is done
// (cancelled or not), that its end was sent, and what a derived call reads. It holds itself until then, and writers
// hold it beyond. `Stream` is gRPC's: a ServerAsyncWriter or a ServerAsyncReaderWriter.
template <typename Response, typename Stream>
class AnsweringCall : public std::enable_shared_from_this<AnsweringCall<Response, Stream>> {
 public:
  AnsweringCall(const Method& method, CallQueue& queue)
      : method_index_(method.index()), class_(method.call_class()), queue_(queue), stream_(&context_) {
    queue_.Begin();
  }
  virtual ~AnsweringCall() = default;

  void Write(Response message) {
    absl::MutexLock lock(&mutex_);
    if (end_.has_value() || broken_) return;
    waiting_ = std::move(message);
    SendNext();
  }

  void Send(const Response& message, absl::AnyInvocable<void(bool)> sent) {
    {
      absl::MutexLock lock(&mutex_);
      if (!end_.has_value() && !broken_) {
        sent_ = std::move(sent);
        writing_ = true;
        return stream_.Write(message, &written_);
      }
    }
    sent(false);
  }

  void Finish(const absl::Status& status) {
    absl::AnyInvocable<void()> unused;  // destroyed without the lock: it may hold a writer
    {
      absl::MutexLock lock(&mutex_);
      if (end_.has_value()) return;
      end_ = status;
      unused = std::exchange(on_cancel_, nullptr);
    }
    queue_.Ended({method_index_, began_, status, context_});
    absl::MutexLock lock(&mutex_);
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

 protected:
  // One of the things that gRPC reports of the call, after its arrival.
  class Report final : public LaterEvent {
   public:
    Report(AnsweringCall& call, void (AnsweringCall::*what)(bool))
        : LaterEvent(call.queue_, call.class_), call_(call), what_(what) {}

   private:
    void Happened(bool ok) override { (call_.*what_)(ok); }

    AnsweringCall& call_;
    void (AnsweringCall::*const what_)(bool);
  };

  // What the handler holds: an `Interface` that is a StreamWriter<Response>.
  template <typename Interface, typename Call>
  class HandleOf : public Interface {
   public:
    explicit HandleOf(std::shared_ptr<Call> call) : call_(std::move(call)) {}
    ~HandleOf() override { call_->Finish(absl::InternalError("the call was dropped without an answer")); }
    void Write(Response message) override { call_->Write(std::move(message)); }
    void Send(const Response& message, absl::AnyInvocable<void(bool)> sent) override {
      call_->Send(message, std::move(sent));
    }
    void Finish(absl::Status status) override { call_->Finish(status); }
    void Cancel() override { call_->Cancel(); }
    void OnCancel(absl::AnyInvocable<void()> callback) override { call_->OnCancel(std::move(callback)); }

   protected:
    const std::shared_ptr<Call> call_;
  };

  // Asks gRPC for the call: `ask(context, stream, tag)`.
  template <typename Ask>
  void AskWith(Ask ask) {
    self_ = this->shared_from_this();
    context_.AsyncNotifyWhenDone(&done_event_);
    ask(&context_, &stream_, &arrival_);
  }

  // The call came: the next one is to be asked for.
  virtual void AskForNext() = 0;
  // It may begin: the handler is to be called.
  virtual void Handle() = 0;
  // Something that a derived call reads is begun, or ended: gRPC has one thing more, or less, to report. False where
  // the call was finished: then nothing is to be begun.
  bool PartBegins() {
    absl::MutexLock lock(&mutex_);
    if (end_.has_value()) return false;
    ++parts_;
    return true;
  }
  void PartOver() {
    {
      absl::MutexLock lock(&mutex_);
      if (--parts_ > 0) return;
    }
    End();
  }

  CallQueue& queue() { return queue_; }
  CallClass call_class() const { return class_; }
  Stream& stream() { return stream_; }
  CallContext Context() const { return {queue_.DeadlineOf(context_, began_)}; }

 private:
  class Arrival final : public Event {
   public:
    explicit Arrival(AnsweringCall& call) : call_(call) {}
    void Happen(bool ok) override { call_.Arrived(ok); }

   private:
    AnsweringCall& call_;
  };

  void Arrived(bool ok) {
    if (!ok) return End();  // the server is shutting down; nothing else is reported
    began_ = base::SteadyNow();
    queue_.Began(method_index_);
    AskForNext();
    if (queue_.admission().MayBegin(class_)) return Handle();
    AskToComeLater(context_);
    Finish(TooManyCalls());
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
      stream_.Write(message, &written_);
    } else if (end_.has_value()) {
      ending_ = true;
      stream_.Finish(ToGrpcStatus(*end_), &ended_);
    }
  }

  void End() {
    CallQueue& queue = queue_;
    std::shared_ptr<AnsweringCall> self = std::move(self_);
    self.reset();
    queue.End();
  }

  const int method_index_;
  const CallClass class_;
  CallQueue& queue_;
  absl::Time began_;
  std::shared_ptr<AnsweringCall> self_;
  grpc::ServerContext context_;
  Stream stream_;
  Arrival arrival_{*this};
  Report written_{*this, &AnsweringCall::Written};
  Report done_event_{*this, &AnsweringCall::Done};
  Report ended_{*this, &AnsweringCall::Ended};

  absl::Mutex mutex_;
  absl::optional<Response> waiting_ ABSL_GUARDED_BY(mutex_);
  absl::AnyInvocable<void(bool)> sent_ ABSL_GUARDED_BY(mutex_);  // of the message that is on its way
  absl::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  absl::AnyInvocable<void()> on_cancel_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;  // a write failed: the client is gone
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  int parts_ ABSL_GUARDED_BY(mutex_) = 2;  // done, and ended
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_ANSWERING_CALL_H_
