#ifndef WAYMARK_SERVICE_RPC_STREAM_CALL_H_
#define WAYMARK_SERVICE_RPC_STREAM_CALL_H_

#include <grpcpp/support/async_stream.h>

#include <functional>
#include <memory>
#include <utility>

#include "service/rpc/answering_call.h"
#include "service/rpc/call.h"

namespace waymark::rpc {

template <typename Request, typename Response>
class StreamMethod;

// The handler's writer is shared by whoever writes; where the last one lets it go without Finish, the stream ends with
// INTERNAL.
template <typename Request, typename Response>
using StreamHandler = std::function<void(const Request&, const CallContext&, std::shared_ptr<StreamWriter<Response>>)>;

// A call of one request that is answered by a stream.
template <typename Request, typename Response>
class StreamCall final : public AnsweringCall<Response, grpc::ServerAsyncWriter<Response>> {
 public:
  using Base = AnsweringCall<Response, grpc::ServerAsyncWriter<Response>>;

  static void Begin(const StreamMethod<Request, Response>& method, CallQueue& queue) {
    auto call = std::make_shared<StreamCall>(method, queue);
    call->AskWith([&](auto* context, auto* stream, Event* tag) {
      method.Ask(context, &call->request_, stream, queue.queue(), tag);
    });
  }

  // Public for make_shared alone.
  StreamCall(const StreamMethod<Request, Response>& method, CallQueue& queue) : Base(method, queue), method_(method) {}

 private:
  using Writer = typename Base::template HandleOf<StreamWriter<Response>, Base>;

  void AskForNext() override { method_.Arm(this->queue()); }
  void Handle() override {
    method_.handler()(request_, this->Context(), std::make_shared<Writer>(this->shared_from_this()));
  }

  const StreamMethod<Request, Response>& method_;
  Request request_;
};

template <typename Request, typename Response>
class StreamMethod final : public Method {
 public:
  using AskForCall = std::function<void(grpc::ServerContext*, Request*, grpc::ServerAsyncWriter<Response>*,
                                        grpc::ServerCompletionQueue*, void*)>;

  StreamMethod(int index, CallClass of, AskForCall ask, StreamHandler<Request, Response> handler)
      : Method(index, of), ask_(std::move(ask)), handler_(std::move(handler)) {}

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
