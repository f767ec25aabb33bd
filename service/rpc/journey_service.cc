#include <utility>

#include "service/rpc/journey_export.h"
#include "service/rpc/journey_map.h"
#include "service/rpc/journey_worth.h"
#include "service/rpc/methods.h"
#include "service/rpc/services.h"
#include "service/rpc/timeline_wire.h"
#include "waymark/v1/journey.grpc.pb.h"

namespace waymark::rpc {
namespace {

void GetJourney(engine::Engine& engine, const v1::GetJourneyRequest& request, const CallContext& call,
                Responder<v1::GetJourneyResponse> responder) {
  absl::StatusOr<engine::JourneyRequest> asked = FromWire(request);
  if (!asked.ok()) return responder.Fail(asked.status());
  engine.GetJourney(*std::move(asked), call.deadline,
                    [responder = std::move(responder)](absl::StatusOr<engine::JourneyAnswer> answer) mutable {
                      if (!answer.ok()) return responder.Fail(answer.status());
                      ToWire(*answer, responder.response());
                      responder.Finish();
                    });
}

}  // namespace

void AddJourneyService(engine::Engine& engine, const batch::Environment& batch, Methods& methods) {
  using Service = v1::JourneyService::AsyncService;
  auto& service = methods.Add<Service>();
  methods.Unary(service, &Service::RequestGetJourney, [&engine](const auto& request, const auto& call, auto responder) {
    GetJourney(engine, request, call, std::move(responder));
  });
  AddJourneyExport(batch, service, methods);
  AddJourneyMap(batch, service, methods);
  AddJourneyWorth(batch, service, methods);
}

}  // namespace waymark::rpc
