#include <utility>

#include "service/rpc/from_wire.h"
#include "service/rpc/ingest_stream.h"
#include "service/rpc/methods.h"
#include "service/rpc/services.h"
#include "service/rpc/to_wire.h"
#include "waymark/v1/event.grpc.pb.h"

namespace waymark::rpc {
namespace {

void RecordEvent(engine::Engine& engine, const v1::RecordEventRequest& request, const CallContext& call,
                 Responder<v1::RecordEventResponse> responder) {
  absl::StatusOr<engine::RecordRequest> asked = FromWire(request);
  if (!asked.ok()) return responder.Fail(asked.status());
  engine.Record(*std::move(asked), call.deadline,
                [responder = std::move(responder)](absl::StatusOr<engine::RecordAnswer> answer) mutable {
                  if (!answer.ok()) return responder.Fail(answer.status());
                  const engine::RecordAnswer::Item& item = answer->items[0];
                  if (!item.status.ok()) return responder.Fail(item.status);
                  ToWire(item.receipt, *answer->playbook, *responder.response().mutable_receipt());
                  responder.Finish();
                });
}

// A batch of which nothing is sound still goes to the engine, which says whether the tenant has a playbook.
void RecordEvents(engine::Engine& engine, const v1::RecordEventsRequest& request, const CallContext& call,
                  Responder<v1::RecordEventsResponse> responder) {
  absl::StatusOr<RecordBatch> batch = FromWire(request);
  if (!batch.ok()) return responder.Fail(batch.status());
  engine::RecordRequest sound = std::move(batch->sound);
  engine.Record(std::move(sound), call.deadline,
                [responder = std::move(responder),
                 batch = *std::move(batch)](absl::StatusOr<engine::RecordAnswer> answer) mutable {
                  if (!answer.ok()) return responder.Fail(answer.status());
                  ToWire(batch, answer->items, responder.response());
                  responder.Finish();
                });
}

}  // namespace

void AddEventService(engine::Engine& engine, Methods& methods) {
  using Service = v1::EventService::AsyncService;
  auto& service = methods.Add<Service>();
  methods.Unary(service, &Service::RequestRecordEvent,
                [&engine](const auto& request, const auto& call, auto responder) {
                  RecordEvent(engine, request, call, std::move(responder));
                });
  methods.Unary(
      service, &Service::RequestRecordEvents,
      [&engine](const auto& request, const auto& call, auto responder) {
        RecordEvents(engine, request, call, std::move(responder));
      },
      CallClass::kRecord, [](const v1::RecordEventsRequest& request) { return request.events_size(); });
  AddIngestStream(engine, service, methods);
}

}  // namespace waymark::rpc
