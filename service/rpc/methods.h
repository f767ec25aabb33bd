#ifndef WAYMARK_SERVICE_RPC_METHODS_H_
#define WAYMARK_SERVICE_RPC_METHODS_H_

#include <grpcpp/impl/service_type.h>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "service/rpc/bidi_call.h"
#include "service/rpc/call.h"
#include "service/rpc/call_observer.h"
#include "service/rpc/stream_call.h"
#include "service/rpc/unary_call.h"

namespace google::protobuf {
class Descriptor;
}

namespace waymark::rpc {

// The table of what a server serves: its services, and a handler for each of their methods. Filled before the server
// starts, constant afterwards. A method is one line:
//
//   auto& service = methods.Add<v1::EventService::AsyncService>();
//   methods.Unary(service, &v1::EventService::AsyncService::RequestRecordEvent, [](const auto& request, const
//   CallContext& call, auto responder) { ... });
//
// Handlers run on a server's thread and must not block; they may be called by several threads at once.
class Methods {
 public:
  // Adds one of gRPC's generated AsyncServices.
  template <typename Service>
  Service& Add() {
    auto service = std::make_unique<Service>();
    Service& added = *service;
    services_.push_back(std::move(service));
    return added;
  }

  // `request_call` is the service's RequestXxx; `items`: where a request may hold many.
  template <typename Service, typename Base, typename Request, typename Response>
  void Unary(Service& service,
             void (Base::*request_call)(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                                        grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
             std::type_identity_t<UnaryHandler<Request, Response>> handler, CallClass of = CallClass::kRecord,
             std::type_identity_t<ItemsOf<Request>> items = nullptr) {
    auto ask = [&service, request_call](grpc::ServerContext* context, Request* request,
                                        grpc::ServerAsyncResponseWriter<Response>* writer,
                                        grpc::ServerCompletionQueue* queue, void* tag) {
      (service.*request_call)(context, request, writer, queue, queue, tag);
    };
    const int index = Name(*Request::descriptor(), *Response::descriptor(), false);
    methods_.push_back(std::make_unique<UnaryMethod<Request, Response>>(index, of, std::move(ask), std::move(handler),
                                                                        std::move(items)));
  }

  // The same for a method whose answer is a stream.
  template <typename Service, typename Base, typename Request, typename Response>
  void ServerStream(Service& service,
                    void (Base::*request_call)(grpc::ServerContext*, Request*, grpc::ServerAsyncWriter<Response>*,
                                               grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
                    std::type_identity_t<StreamHandler<Request, Response>> handler, CallClass of = CallClass::kBatch) {
    auto ask = [&service, request_call](grpc::ServerContext* context, Request* request,
                                        grpc::ServerAsyncWriter<Response>* writer, grpc::ServerCompletionQueue* queue,
                                        void* tag) {
      (service.*request_call)(context, request, writer, queue, queue, tag);
    };
    const int index = Name(*Request::descriptor(), *Response::descriptor(), true);
    methods_.push_back(
        std::make_unique<StreamMethod<Request, Response>>(index, of, std::move(ask), std::move(handler)));
  }

  // The same for a method of which both sides are streams.
  template <typename Service, typename Base, typename Request, typename Response>
  void BidiStream(Service& service,
                  void (Base::*request_call)(grpc::ServerContext*, grpc::ServerAsyncReaderWriter<Response, Request>*,
                                             grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
                  std::type_identity_t<BidiHandler<Request, Response>> handler, CallClass of = CallClass::kBatch) {
    auto ask = [&service, request_call](grpc::ServerContext* context,
                                        grpc::ServerAsyncReaderWriter<Response, Request>* stream,
                                        grpc::ServerCompletionQueue* queue,
                                        void* tag) { (service.*request_call)(context, stream, queue, queue, tag); };
    const int index = Name(*Request::descriptor(), *Response::descriptor(), true);
    methods_.push_back(std::make_unique<BidiMethod<Request, Response>>(index, of, std::move(ask), std::move(handler)));
  }

  // Called when the server begins to stop, before it waits for the calls that run: for streams that would go on.
  void OnShutdown(std::function<void()> stop) { on_shutdown_.push_back(std::move(stop)); }
  void TellOfShutdown() const {
    for (const std::function<void()>& stop : on_shutdown_) stop();
  }

  const std::vector<std::unique_ptr<grpc::Service>>& services() const { return services_; }
  const std::vector<std::unique_ptr<Method>>& methods() const { return methods_; }
  // Beside them.
  const std::vector<ServedMethod>& served() const { return served_; }

 private:
  // Says where the next method will be, after finding its name: the one of the request's file with these messages.
  int Name(const google::protobuf::Descriptor& request, const google::protobuf::Descriptor& response, bool stream);

  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::vector<std::unique_ptr<Method>> methods_;
  std::vector<ServedMethod> served_;
  std::vector<std::function<void()>> on_shutdown_;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_METHODS_H_
