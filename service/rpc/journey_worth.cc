#include "service/rpc/journey_worth.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "service/batch/attribute.h"
#include "service/batch/learn_stage_values.h"
#include "service/rpc/batch_to_wire.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/journey_worth_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/study.h"

namespace waymark::rpc {
namespace {

using Batch = batch::Environment;

template <typename Response>
using Writer = std::shared_ptr<StreamWriter<Response>>;

bool HasSegment(const playbook::Playbook& playbook, segmentation::NameId id) {
  return std::any_of(playbook.segments.begin(), playbook.segments.end(),
                     [id](const playbook::Segment& segment) { return segment.id == id; });
}

absl::Status RunLearning(const Batch& batch, const std::string& tenant, const segmentation::StageValueOptions& options,
                         const Writer<v1::LearnStageValuesResponse>& writer,
                         const std::shared_ptr<batch::Cancellation>& cancellation) {
  const auto playbook = batch.playbooks.Current(tenant);
  if (!playbook.ok()) return playbook.status();
  for (segmentation::NameId segment : options.segments) {
    if (!HasSegment(**playbook, segment)) return absl::NotFoundError("segments: there is no such segment");
  }
  v1::LearnStageValuesResponse message;
  Pace pace;
  const auto learned =
      batch::LearnStageValues(batch, tenant, options, cancellation, [&](const batch::WalkProgress& at) {
        ToWire(at, message);
        if (pace.Now()) writer->Write(message);
      });
  if (!learned.ok()) return learned.status();
  message.set_done(true);
  StageValuesToWire(*learned->population, *learned->playbook, *message.mutable_values());
  writer->Write(std::move(message));
  return absl::OkStatus();
}

void LearnStageValues(const Batch& batch, const v1::LearnStageValuesRequest& request,
                      const Writer<v1::LearnStageValuesResponse>& writer) {
  absl::StatusOr<segmentation::StageValueOptions> options = FromWire(request);
  if (!options.ok()) return writer->Finish(options.status());
  RunStudy<v1::LearnStageValuesResponse>(batch.threads, request.tenant(), writer,
                                         [batch, tenant = request.tenant(), options = *std::move(options),
                                          writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
                                           return RunLearning(batch, tenant, options, writer, cancellation);
                                         });
}

void GetStageValues(const Batch& batch, const v1::GetStageValuesRequest& request,
                    Responder<v1::GetStageValuesResponse> responder) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return responder.Fail(status);
  const auto playbook = batch.playbooks.Current(request.tenant());
  if (!playbook.ok()) return responder.Fail(playbook.status());
  const auto& population = (*playbook)->population;
  if (population == nullptr || population->stage_values.learned_at == absl::UnixEpoch()) {
    return responder.Fail(absl::NotFoundError("no stage values were learned yet"));
  }
  StageValuesToWire(*population, **playbook, *responder.response().mutable_values());
  responder.Finish();
}

void AttributeConversions(const Batch& batch, const v1::AttributeConversionsRequest& wire,
                          const Writer<v1::AttributeConversionsResponse>& writer) {
  absl::StatusOr<batch::AttributionRequest> request = FromWire(wire);
  if (!request.ok()) return writer->Finish(request.status());
  RunStudy<v1::AttributeConversionsResponse>(
      batch.threads, wire.tenant(), writer,
      [batch, request = *std::move(request), writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
        v1::AttributeConversionsResponse message;
        Pace pace;
        const auto answer =
            batch::AttributeConversions(batch, request, cancellation, [&](const batch::WalkProgress& at) {
              ToWire(at, message);
              if (pace.Now()) writer->Write(message);
            });
        if (!answer.ok()) return answer.status();
        message.set_done(true);
        ToWire(*answer, *message.mutable_attribution());
        writer->Write(std::move(message));
        return absl::OkStatus();
      });
}

}  // namespace

void AddJourneyWorth(const Batch& batch, v1::JourneyService::AsyncService& service, Methods& methods) {
  using Service = v1::JourneyService::AsyncService;
  methods.ServerStream(
      service, &Service::RequestLearnStageValues,
      [batch](const auto& request, const auto&, const auto& writer) { LearnStageValues(batch, request, writer); });
  methods.Unary(service, &Service::RequestGetStageValues, [batch](const auto& request, const auto&, auto responder) {
    GetStageValues(batch, request, std::move(responder));
  });
  methods.ServerStream(
      service, &Service::RequestAttributeConversions,
      [batch](const auto& request, const auto&, const auto& writer) { AttributeConversions(batch, request, writer); });
}

}  // namespace waymark::rpc
