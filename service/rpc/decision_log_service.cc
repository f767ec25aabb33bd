#include "service/rpc/decision_log_service.h"

#include <memory>
#include <utility>
#include <vector>

#include "service/base/time_zones.h"
#include "service/batch/audit.h"
#include "service/batch/explain.h"
#include "service/batch/replay.h"
#include "service/playbook/compile.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/log_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/study.h"
#include "service/rpc/to_wire.h"

namespace waymark::rpc {
namespace {

using Log = batch::LogEnvironment;

// What an exported message holds of records, about.
constexpr size_t kMaxMessageBytes = 1 << 20;

template <typename Response>
using Writer = std::shared_ptr<StreamWriter<Response>>;

void ExplainDecision(const Log& log, const v1::ExplainDecisionRequest& request,
                     Responder<v1::ExplainDecisionResponse> responder) {
  const absl::StatusOr<batch::DecisionName> name = FromWire(request);
  if (!name.ok()) return responder.Fail(name.status());
  // Called by the thread, or here where there is none for it.
  auto shared = std::make_shared<Responder<v1::ExplainDecisionResponse>>(std::move(responder));
  const auto started = log.threads.Start(
      request.tenant(), 1,
      [log, tenant = request.tenant(), name = *name, shared](const std::shared_ptr<batch::Cancellation>& cancellation) {
        const absl::StatusOr<batch::Explained> explained = batch::Explain(log, tenant, name, cancellation);
        if (!explained.ok()) return shared->Fail(explained.status());
        ToWire(*explained, shared->response());
        shared->Finish();
      });
  if (!started.ok()) shared->Fail(started.status());
}

void ReplayDecisions(const Log& log, const v1::ReplayDecisionsRequest& wire,
                     const Writer<v1::ReplayDecisionsResponse>& writer) {
  absl::StatusOr<batch::ReplayRequest> request = FromWire(wire);
  if (!request.ok()) return writer->Finish(request.status());
  RunStudy<v1::ReplayDecisionsResponse>(
      log.threads, wire.tenant(), writer,
      [log, request = *std::move(request), has_playbook = wire.has_playbook_text(), text = wire.playbook_text(),
       writer](const std::shared_ptr<batch::Cancellation>& cancellation) mutable {
        if (has_playbook) {
          playbook::CompileResult compiled = playbook::CompilePlaybook(text, 0, base::TimeZones());
          if (!compiled.problems.empty()) return ProblemsToStatus(compiled.problems);
          request.playbook = std::move(compiled.playbook);
        }
        const auto tell = [&writer](const batch::Replay& replay, bool done) {
          v1::ReplayDecisionsResponse message;
          ToWire(replay, message);
          message.set_done(done);
          writer->Write(std::move(message));
        };
        Pace pace;
        const auto replay = batch::ReplayDecisions(log, request, cancellation, [&](const batch::Replay& so_far) {
          if (pace.Now()) tell(so_far, false);
        });
        if (replay.ok()) tell(*replay, true);
        return replay.status();
      });
}

void ExportDecisions(const Log& log, const v1::ExportDecisionsRequest& request,
                     const Writer<v1::ExportDecisionsResponse>& writer) {
  const absl::StatusOr<batch::TimeRange> range = FromWire(request);
  if (!range.ok()) return writer->Finish(range.status());
  RunStudy<v1::ExportDecisionsResponse>(
      log.threads, request.tenant(), writer,
      [log, tenant = request.tenant(), range = *range,
       writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
        v1::ExportDecisionsResponse message;
        absl::Status status = batch::ExportDecisions(
            log, tenant, range, cancellation,
            [&](const std::vector<batch::ExportedDecision>& decisions, const batch::LogProgress& at) {
              message.set_decisions(at.decisions);
              message.set_estimated_total(at.estimated_total);
              size_t bytes = 0;
              for (const batch::ExportedDecision& exported : decisions) {
                ToWire(exported, *message.add_logged());
                bytes += exported.record.size();
                if (bytes < kMaxMessageBytes && &exported != &decisions.back()) continue;
                if (!SendAndWait(*writer, message)) return false;
                message.clear_logged();
                bytes = 0;
              }
              return true;
            });
        if (!status.ok()) return status;
        message.clear_logged();
        message.set_done(true);
        SendAndWait(*writer, message);
        return status;
      });
}

void AuditDecisions(const Log& log, const v1::AuditDecisionsRequest& wire,
                    const Writer<v1::AuditDecisionsResponse>& writer) {
  const absl::StatusOr<batch::AuditRequest> request = FromWire(wire);
  if (!request.ok()) return writer->Finish(request.status());
  RunStudy<v1::AuditDecisionsResponse>(
      log.threads, wire.tenant(), writer,
      [log, request = *request, writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
        Pace pace;
        const auto audit = batch::AuditDecisions(log, request, cancellation, [&](const batch::LogProgress& at) {
          if (!pace.Now()) return;
          v1::AuditDecisionsResponse message;
          message.set_decisions(at.decisions);
          message.set_estimated_total(at.estimated_total);
          writer->Write(std::move(message));
        });
        if (!audit.ok()) return audit.status();
        v1::AuditDecisionsResponse message;
        ToWire(*audit, message);
        message.set_done(true);
        writer->Write(std::move(message));
        return absl::OkStatus();
      });
}

}  // namespace

void AddDecisionLog(const Log& log, v1::DecisionService::AsyncService& service, Methods& methods) {
  using Service = v1::DecisionService::AsyncService;
  methods.Unary(service, &Service::RequestExplainDecision, [log](const auto& request, const auto&, auto responder) {
    ExplainDecision(log, request, std::move(responder));
  });
  methods.ServerStream(
      service, &Service::RequestReplayDecisions,
      [log](const auto& request, const auto&, const auto& writer) { ReplayDecisions(log, request, writer); });
  methods.ServerStream(
      service, &Service::RequestExportDecisions,
      [log](const auto& request, const auto&, const auto& writer) { ExportDecisions(log, request, writer); });
  methods.ServerStream(
      service, &Service::RequestAuditDecisions,
      [log](const auto& request, const auto&, const auto& writer) { AuditDecisions(log, request, writer); });
}

}  // namespace waymark::rpc
