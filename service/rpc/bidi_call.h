#ifndef WAYMARK_SERVICE_RPC_BIDI_CALL_H_
#define WAYMARK_SERVICE_RPC_BIDI_CALL_H_

#include <grpcpp/support/async_stream.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "service/rpc/answering_call.h"
#include "service/rpc/call.h"

namespace waymark::rpc {

template <typename Request, typename Response>
class BidiMethod;

// Both streams of one call. A client that sends more than is read is held back by gRPC. Thread-safe.
template <typename Request, typename Response>
class BidiStream : public StreamWriter<Response> {
 public:
  // Reads the client's next message into `message`, which must stay until `read` is called: with true where there was
  // one, with false where the client has said that there will be none, or is gone, or the stream was finished. On any
  // thread. REQUIRES: the one before was read.
  virtual void Read(Request* message, absl::AnyInvocable<void(bool)> read) = 0;
  // Work that a message asks for is begun, and done, as CallQueue's; after EndWork the stream is written or finished.
  virtual void BeginWork(int items) = 0;
  virtual void EndWork(int items) = 0;
};

// As a StreamHandler; the stream is held by whoever reads or writes.
template <typename Request, typename Response>
using BidiHandler = std::function<void(const CallContext&, std::shared_ptr<BidiStream<Request, Response>>)>;

// A call of which both sides are streams.
template <typename Request, typename Response>
class BidiCall final : public AnsweringCall<Response, grpc::ServerAsyncReaderWriter<Response, Request>> {
 public:
  using Base = AnsweringCall<Response, grpc::ServerAsyncReaderWriter<Response, Request>>;

  static void Begin(const BidiMethod<Request, Response>& method, CallQueue& queue) {
    auto call = std::make_shared<BidiCall>(method, queue);
    call->AskWith([&](auto* context, auto* stream, Event* tag) { method.Ask(context, stream, queue.queue(), tag); });
  }

  // Public for make_shared alone.
  BidiCall(const BidiMethod<Request, Response>& method, CallQueue& queue) : Base(method, queue), method_(method) {}

  void Read(Request* message, absl::AnyInvocable<void(bool)> read) {
    if (!this->PartBegins()) return read(false);
    {
      absl::MutexLock lock(&mutex_);
      read_ = std::move(read);
    }
    this->stream().Read(message, &read_event_);
  }

 private:
  class ReadReport final : public LaterEvent {
   public:
    explicit ReadReport(BidiCall& call) : LaterEvent(call.queue(), call.call_class()), call_(call) {}

   private:
    void Happened(bool ok) override { call_.WasRead(ok); }

    BidiCall& call_;
  };

  class Streams final : public Base::template HandleOf<BidiStream<Request, Response>, BidiCall> {
   public:
    using Base::template HandleOf<BidiStream<Request, Response>, BidiCall>::HandleOf;
    void Read(Request* message, absl::AnyInvocable<void(bool)> read) override {
      this->call_->Read(message, std::move(read));
    }
    void BeginWork(int items) override { this->call_->queue().BeginWork(this->call_->call_class(), items); }
    void EndWork(int items) override { this->call_->queue().EndWork(this->call_->call_class(), items); }
  };

  void AskForNext() override { method_.Arm(this->queue()); }
  void Handle() override {
    method_.handler()(this->Context(),
                      std::make_shared<Streams>(std::static_pointer_cast<BidiCall>(this->shared_from_this())));
  }

  void WasRead(bool ok) {
    absl::AnyInvocable<void(bool)> read;
    {
      absl::MutexLock lock(&mutex_);
      read = std::exchange(read_, nullptr);
    }
    read(ok);
    this->PartOver();
  }

  const BidiMethod<Request, Response>& method_;
  ReadReport read_event_{*this};
  absl::Mutex mutex_;
  absl::AnyInvocable<void(bool)> read_ ABSL_GUARDED_BY(mutex_);
};

template <typename Request, typename Response>
class BidiMethod final : public Method {
 public:
  using AskForCall = std::function<void(grpc::ServerContext*, grpc::ServerAsyncReaderWriter<Response, Request>*,
                                        grpc::ServerCompletionQueue*, void*)>;

  BidiMethod(int index, CallClass of, AskForCall ask, BidiHandler<Request, Response> handler)
      : Method(index, of), ask_(std::move(ask)), handler_(std::move(handler)) {}

  void Arm(CallQueue& queue) const override { BidiCall<Request, Response>::Begin(*this, queue); }

  void Ask(grpc::ServerContext* context, grpc::ServerAsyncReaderWriter<Response, Request>* stream,
           grpc::ServerCompletionQueue* queue, void* tag) const {
    ask_(context, stream, queue, tag);
  }
  const BidiHandler<Request, Response>& handler() const { return handler_; }

 private:
  const AskForCall ask_;
  const BidiHandler<Request, Response> handler_;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_BIDI_CALL_H_
