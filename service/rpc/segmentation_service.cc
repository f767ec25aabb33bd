#include <memory>
#include <utility>

#include "service/batch/resegment.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/services.h"
#include "service/rpc/to_wire.h"
#include "waymark/v1/segmentation.grpc.pb.h"

namespace waymark::rpc {
namespace {

void EvaluateCustomer(engine::Engine& engine, const v1::EvaluateCustomerRequest& request, const CallContext& call,
                      Responder<v1::EvaluateCustomerResponse> responder) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return responder.Fail(status);
  if (absl::Status status = CheckCustomerId("customer", request.customer()); !status.ok()) {
    return responder.Fail(status);
  }
  engine.Evaluate(request.tenant(), request.customer(), call.deadline,
                  [responder = std::move(responder)](absl::StatusOr<engine::EvaluateAnswer> answer) mutable {
                    if (!answer.ok()) return responder.Fail(answer.status());
                    ToWire(*answer, responder.response());
                    responder.Finish();
                  });
}

// The call's workers end with the call: a client that goes, or whose deadline passes, stops them within a page, and
// others go on from there.
void Resegment(const batch::Environment& batch, const v1::ResegmentRequest& request,
               const std::shared_ptr<StreamWriter<v1::ResegmentResponse>>& writer) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return writer->Finish(std::move(status));
  const std::shared_ptr<batch::Cancellation> run = batch::Resegment(
      batch,
      {.tenant = request.tenant(),
       .restart = request.restart(),
       .workers = request.workers() == 0 ? 1 : request.workers()},
      [writer](const batch::ResegmentProgress& progress) {
        v1::ResegmentResponse message;
        ToWire(progress, message);
        writer->Write(std::move(message));
      },
      [writer](absl::Status status) { writer->Finish(std::move(status)); });
  if (run != nullptr) writer->OnCancel([run] { run->Cancel(); });
}

}  // namespace

void AddSegmentationService(engine::Engine& engine, const batch::Environment& batch, Methods& methods) {
  using Service = v1::SegmentationService::AsyncService;
  auto& service = methods.Add<Service>();
  methods.Unary(service, &Service::RequestEvaluateCustomer,
                [&engine](const auto& request, const auto& call, auto responder) {
                  EvaluateCustomer(engine, request, call, std::move(responder));
                });
  methods.ServerStream(
      service, &Service::RequestResegment,
      [batch](const auto& request, const auto&, const auto& writer) { Resegment(batch, request, writer); });
}

}  // namespace waymark::rpc
