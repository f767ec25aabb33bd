#ifndef WAYMARK_SERVICE_RPC_UNARY_CALL_H_
#define WAYMARK_SERVICE_RPC_UNARY_CALL_H_

#include <google/protobuf/arena.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "service/base/clock.h"
#include "service/rpc/call.h"
#include "service/rpc/status.h"

namespace waymark::rpc {

template <typename Request, typename Response>
class UnaryMethod;

// Where a unary call's answer goes; what a Responder holds.
template <typename Response>
class UnaryAnswer {
 public:
  virtual Response& response() = 0;
  virtual void Finish(const absl::Status& status) = 0;

 protected:
  ~UnaryAnswer() = default;
};

// The right and the duty to answer a call, once, from any thread. One that is destroyed without an answer answers
// INTERNAL, so that no client waits for ever. Movable; thread-compatible.
template <typename Response>
class Responder {
 public:
  explicit Responder(UnaryAnswer<Response>* answer) : answer_(answer) {}
  Responder(Responder&& other) noexcept : answer_(std::exchange(other.answer_, nullptr)) {}
  Responder& operator=(Responder&&) = delete;
  ~Responder() {
    if (answer_ != nullptr) answer_->Finish(absl::InternalError("the call was dropped without an answer"));
  }

  // To be filled before Finish.
  Response& response() { return answer_->response(); }

  // Sends the response.
  void Finish() { std::exchange(answer_, nullptr)->Finish(absl::OkStatus()); }
  // Sends the error. REQUIRES: not OK.
  void Fail(const absl::Status& status) { std::exchange(answer_, nullptr)->Finish(status); }

 private:
  UnaryAnswer<Response>* answer_;
};

template <typename Request, typename Response>
using UnaryHandler = std::function<void(const Request&, const CallContext&, Responder<Response>)>;

// How many items a request holds, where that may be many.
template <typename Request>
using ItemsOf = std::function<int(const Request&)>;

// One call from being asked for until its answer was sent; it owns itself. It is two things for gRPC: first the call
// that arrives, then the answer that was sent. The answer may be sent while the handler still runs, so it goes when
// both are over.
template <typename Request, typename Response>
class UnaryCall final : private Event, private WaitingCall, private AnsweredCall, private UnaryAnswer<Response> {
 public:
  static void Begin(const UnaryMethod<Request, Response>& method, CallQueue& queue) {
    auto* call = new UnaryCall(method, queue);
    method.Ask(&call->context_, call->request_, &call->writer_, queue.queue(), static_cast<Event*>(call));
  }

 private:
  UnaryCall(const UnaryMethod<Request, Response>& method, CallQueue& queue)
      : method_(method), queue_(queue), arena_(block_, sizeof(block_)), writer_(&context_) {
    queue_.Begin();
    request_ = google::protobuf::Arena::CreateMessage<Request>(&arena_);
    response_ = google::protobuf::Arena::CreateMessage<Response>(&arena_);
  }
  ~UnaryCall() override = default;

  void Happen(bool ok) override {
    if (arrived_) return Release();
    if (!ok) return Destroy();  // the server is shutting down
    arrived_ = true;
    method_.Arm(queue_);
    began_ = base::SteadyNow();
    queue_.Began(method_.index());
    const CallClass of = method_.call_class();
    admitted_ = queue_.admission().Begin(of);
    if (admitted_ && of != CallClass::kAlways) return queue_.Wait(of, *this);
    TakeTurn();
  }

  void TakeTurn() override {
    Responder<Response> responder(this);
    const CallContext context{queue_.DeadlineOf(context_, began_)};
    if (!admitted_) {
      AskToComeLater(context_);
      responder.Fail(TooManyCalls());
    } else if (context.deadline <= base::SteadyNow()) {
      responder.Fail(absl::DeadlineExceededError("the deadline passed before the call was begun"));
    } else {
      work_ = method_.WorkOf(*request_);
      queue_.BeginWork(method_.call_class(), work_);
      method_.handler()(*request_, context, std::move(responder));
    }
    Release();
  }

  Response& response() override { return *response_; }

  void Finish(const absl::Status& status) override {
    if (admitted_) queue_.admission().End(method_.call_class());
    if (work_ > 0) queue_.EndWork(method_.call_class(), work_);
    queue_.Ended({method_.index(), began_, status, context_});  // before it is sent: then nothing of it may be left
    status_ = status;
    queue_.Send(*this);
  }

  void SendAnswer() override {
    if (status_.ok()) {
      writer_.Finish(*response_, grpc::Status::OK, static_cast<Event*>(this));
    } else {
      writer_.FinishWithError(ToGrpcStatus(status_), static_cast<Event*>(this));
    }
  }

  void Release() {
    if (parts_.fetch_sub(1, std::memory_order_acq_rel) == 1) Destroy();
  }

  void Destroy() {
    CallQueue& queue = queue_;
    delete this;
    queue.End();
  }

  const UnaryMethod<Request, Response>& method_;
  CallQueue& queue_;
  alignas(8) char block_[2048];  // the arena's first; most messages fit
  google::protobuf::Arena arena_;
  Request* request_;    // the arena's
  Response* response_;  // the arena's
  grpc::ServerContext context_;
  grpc::ServerAsyncResponseWriter<Response> writer_;
  bool arrived_ = false;   // of the queue's thread
  bool admitted_ = false;  // likewise, until the handler runs
  int work_ = 0;           // likewise
  absl::Time began_;
  absl::Status status_;  // of the answer
  std::atomic<int> parts_{2};
};

template <typename Request, typename Response>
class UnaryMethod final : public Method {
 public:
  using AskForCall = std::function<void(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                                        grpc::ServerCompletionQueue*, void*)>;

  UnaryMethod(int index, CallClass of, AskForCall ask, UnaryHandler<Request, Response> handler, ItemsOf<Request> items)
      : Method(index, of), ask_(std::move(ask)), handler_(std::move(handler)), items_(std::move(items)) {}

  void Arm(CallQueue& queue) const override { UnaryCall<Request, Response>::Begin(*this, queue); }

  void Ask(grpc::ServerContext* context, Request* request, grpc::ServerAsyncResponseWriter<Response>* writer,
           grpc::ServerCompletionQueue* queue, void* tag) const {
    ask_(context, request, writer, queue, tag);
  }
  const UnaryHandler<Request, Response>& handler() const { return handler_; }
  int WorkOf(const Request& request) const { return items_ ? std::max(1, items_(request)) : 1; }

 private:
  const AskForCall ask_;
  const UnaryHandler<Request, Response> handler_;
  const ItemsOf<Request> items_;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_UNARY_CALL_H_
