#include <utility>

#include "service/rpc/decide_stream.h"
#include "service/rpc/decision_log_service.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/services.h"
#include "service/rpc/to_wire.h"
#include "waymark/v1/decision.grpc.pb.h"

namespace waymark::rpc {
namespace {

// The three methods differ in their messages alone.
template <typename Request, typename Response>
UnaryHandler<Request, Response> Decide(engine::Engine& engine) {
  return [&engine](const Request& request, const CallContext& call, Responder<Response> responder) {
    absl::StatusOr<engine::DecideRequest> asked = FromWire(request);
    if (!asked.ok()) return responder.Fail(asked.status());
    engine.Decide(*std::move(asked), call.deadline,
                  [responder = std::move(responder)](absl::StatusOr<engine::DecideAnswer> answer) mutable {
                    if (!answer.ok()) return responder.Fail(answer.status());
                    ToWire(*answer, responder.response());
                    responder.Finish();
                  });
  };
}

}  // namespace

void AddDecisionService(engine::Engine& engine, const batch::Environment& batch, const batch::LogEnvironment& log,
                        Methods& methods) {
  using Service = v1::DecisionService::AsyncService;
  auto& service = methods.Add<Service>();
  methods.Unary(service, &Service::RequestNextBestAction,
                Decide<v1::NextBestActionRequest, v1::NextBestActionResponse>(engine), CallClass::kDecide);
  methods.Unary(service, &Service::RequestGetOffers, Decide<v1::GetOffersRequest, v1::GetOffersResponse>(engine),
                CallClass::kDecide);
  methods.Unary(service, &Service::RequestGetContent, Decide<v1::GetContentRequest, v1::GetContentResponse>(engine),
                CallClass::kDecide, [](const v1::GetContentRequest& request) { return request.placements_size(); });
  AddDecideStream(engine, batch, service, methods);
  AddDecisionLog(log, service, methods);
}

}  // namespace waymark::rpc
