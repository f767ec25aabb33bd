#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/batch/members.h"
#include "service/batch/resegment.h"
#include "service/batch/watches.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/segmentation_studies.h"
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

// As Resegment; and a client that does not read holds one of the batch threads for a while, not the memory.
void ListMembers(const batch::Environment& batch, const v1::ListMembersRequest& request,
                 const std::shared_ptr<StreamWriter<v1::ListMembersResponse>>& writer) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return writer->Finish(std::move(status));
  const std::shared_ptr<batch::Cancellation> walk = batch::ListMembers(
      batch, request.tenant(), request.segment(),
      [writer](const batch::MembersPage& page) {
        v1::ListMembersResponse message;
        ToWire(page, message);
        return SendAndWait(*writer, message);
      },
      [writer](absl::Status status) { writer->Finish(std::move(status)); });
  if (walk != nullptr) writer->OnCancel([walk] { walk->Cancel(); });
}

void WatchChanges(batch::Watches& watches, const v1::WatchChangesRequest& request,
                  const std::shared_ptr<StreamWriter<v1::WatchChangesResponse>>& writer) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return writer->Finish(std::move(status));
  const std::shared_ptr<batch::Watches::Handle> watch = watches.Begin(
      {.tenant = request.tenant(),
       .cursor = request.cursor(),
       .segments = {request.segments().begin(), request.segments().end()}},
      [writer](const std::vector<batch::NamedChange>& changes, const std::string& cursor, batch::Watches::Sent sent) {
        v1::WatchChangesResponse message;
        for (const batch::NamedChange& change : changes) ToWire(change, *message.add_changes());
        message.set_cursor(cursor);
        writer->Send(message, std::move(sent));
      },
      [writer](absl::Status status) { writer->Finish(std::move(status)); });
  if (watch != nullptr) writer->OnCancel([watch] { watch->Cancel(); });
}

}  // namespace

void AddSegmentationService(engine::Engine& engine, const batch::Environment& batch, batch::Watches& watches,
                            Methods& methods) {
  using Service = v1::SegmentationService::AsyncService;
  auto& service = methods.Add<Service>();
  methods.Unary(service, &Service::RequestEvaluateCustomer,
                [&engine](const auto& request, const auto& call, auto responder) {
                  EvaluateCustomer(engine, request, call, std::move(responder));
                });
  methods.ServerStream(
      service, &Service::RequestResegment,
      [batch](const auto& request, const auto&, const auto& writer) { Resegment(batch, request, writer); });
  methods.ServerStream(
      service, &Service::RequestListMembers,
      [batch](const auto& request, const auto&, const auto& writer) { ListMembers(batch, request, writer); });
  methods.ServerStream(
      service, &Service::RequestWatchChanges,
      [&watches](const auto& request, const auto&, const auto& writer) { WatchChanges(watches, request, writer); });
  AddSegmentationStudies(batch, service, methods);
}

}  // namespace waymark::rpc
