#include "service/rpc/segmentation_studies.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/base/field_error.h"
#include "service/batch/fit.h"
#include "service/batch/preview.h"
#include "service/batch/suggest.h"
#include "service/playbook/compile.h"
#include "service/rpc/batch_to_wire.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/study.h"
#include "service/rpc/to_wire.h"

namespace waymark::rpc {
namespace {

using Batch = batch::Environment;

template <typename Response>
using Writer = std::shared_ptr<StreamWriter<Response>>;

absl::StatusOr<int> SampleSize(bool present, int size, int absent, int most) {
  if (!present) return absent;
  if (size < 0 || size > most) return base::FieldError("sample", absl::StrCat("0 to ", most));
  return size;
}

// Calls `tell(impact, at, done)` now and then, the last time with the whole of it.
template <typename Tell>
absl::Status RunPreview(const Batch& batch, const std::string& tenant, const batch::Candidate& candidate, int sample,
                        const std::shared_ptr<batch::Cancellation>& cancellation, Tell tell) {
  batch::WalkProgress last;
  Pace pace;
  const auto impact = batch::Preview(batch.profiles, batch.clock, tenant, candidate, sample, cancellation,
                                     [&](const batch::Impact& so_far, const batch::WalkProgress& at) {
                                       last = at;
                                       if (pace.Now()) tell(so_far, at, false);
                                     });
  if (impact.ok()) tell(*impact, last, true);
  return impact.status();
}

void PreviewSegment(const Batch& batch, const v1::PreviewSegmentRequest& request,
                    const Writer<v1::PreviewSegmentResponse>& writer) {
  if (absl::Status status = Check(request); !status.ok()) return writer->Finish(std::move(status));
  const absl::StatusOr<int> sample = SampleSize(request.has_sample(), request.sample(), 10, 1000);
  if (!sample.ok()) return writer->Finish(sample.status());
  RunStudy<v1::PreviewSegmentResponse>(
      batch.threads, request.tenant(), writer,
      [batch, request, sample = *sample, writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
        const auto candidate = batch::CandidateOf(batch.playbooks, request.tenant(),
                                                  playbook::CandidateSegment{request.segment(), request.when()});
        if (!candidate.ok()) return candidate.status();
        if (!candidate->problems.empty()) return ProblemsToStatus(candidate->problems);
        return RunPreview(batch, request.tenant(), *candidate, sample, cancellation,
                          [&](const batch::Impact& impact, const batch::WalkProgress& at, bool done) {
                            v1::PreviewSegmentResponse message;
                            ToWire(impact.segments()[0], *message.mutable_impact());
                            message.mutable_impact()->set_segment(request.segment());
                            ToWire(at, message);
                            message.set_done(done);
                            message.set_playbook_version(candidate->current->version);
                            writer->Write(std::move(message));
                          });
      });
}

// As many of each as fit into a message beside everything else, where there are very many segments.
int FittingSample(const batch::Candidate& candidate, int sample) {
  constexpr size_t kMaxNamed = 12'000;  // customers, of at most 128 bytes
  size_t segments = candidate.playbook->segments.size();
  if (candidate.current != nullptr) segments += candidate.current->segments.size();
  return static_cast<int>(
      std::min<size_t>(static_cast<size_t>(sample), kMaxNamed / (3 * std::max<size_t>(segments, 1))));
}

void PreviewPlaybook(const Batch& batch, const v1::PreviewPlaybookRequest& request,
                     const Writer<v1::PreviewPlaybookResponse>& writer) {
  if (absl::Status status = Check(request); !status.ok()) return writer->Finish(std::move(status));
  const absl::StatusOr<int> sample = SampleSize(request.has_sample(), request.sample(), 3, 20);
  if (!sample.ok()) return writer->Finish(sample.status());
  RunStudy<v1::PreviewPlaybookResponse>(
      batch.threads, request.tenant(), writer,
      [batch, request, sample = *sample, writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
        const auto candidate = batch::CandidateOf(batch.playbooks, request.tenant(), request.text());
        if (!candidate.ok()) return candidate.status();
        const uint64_t current = candidate->current == nullptr ? 0 : candidate->current->version;
        if (!candidate->problems.empty()) {
          v1::PreviewPlaybookResponse message;
          for (const playbook::Problem& problem : candidate->problems) ToWire(problem, *message.add_problems());
          message.set_done(true);
          message.set_playbook_version(current);
          writer->Write(std::move(message));
          return absl::OkStatus();
        }
        return RunPreview(batch, request.tenant(), *candidate, FittingSample(*candidate, sample), cancellation,
                          [&](const batch::Impact& impact, const batch::WalkProgress& at, bool done) {
                            v1::PreviewPlaybookResponse message;
                            for (const auto& segment : impact.segments()) ToWire(segment, *message.add_segments());
                            for (const auto& stage : impact.stages()) ToWire(stage, *message.add_stages());
                            ToWire(at, message);
                            message.set_done(done);
                            message.set_playbook_version(current);
                            writer->Write(std::move(message));
                          });
      });
}

void FitPopulation(const Batch& batch, const v1::FitPopulationRequest& request,
                   const Writer<v1::FitPopulationResponse>& writer) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return writer->Finish(std::move(status));
  RunStudy<v1::FitPopulationResponse>(
      batch.threads, request.tenant(), writer,
      [batch, request, writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
        v1::FitPopulationResponse message;
        const auto fitted = batch::FitPopulation(batch.profiles, batch.playbooks, batch.clock, request.tenant(),
                                                 request.seed(), cancellation, [&](const batch::WalkProgress& at) {
                                                   ToWire(at, message);
                                                   writer->Write(message);
                                                 });
        if (!fitted.ok()) return fitted.status();
        message.set_done(true);
        ToWire(*fitted->population, *fitted->playbook, *message.mutable_population());
        writer->Write(std::move(message));
        return absl::OkStatus();
      });
}

void GetPopulation(const Batch& batch, const v1::GetPopulationRequest& request,
                   Responder<v1::GetPopulationResponse> responder) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return responder.Fail(status);
  const auto playbook = batch.playbooks.Current(request.tenant());
  if (!playbook.ok()) return responder.Fail(playbook.status());
  // One of stage values alone was never fitted.
  if ((*playbook)->population == nullptr || (*playbook)->population->fitted_at == absl::UnixEpoch())
    return responder.Fail(absl::NotFoundError("no population was fitted yet"));
  ToWire(*(*playbook)->population, **playbook, *responder.response().mutable_population());
  responder.Finish();
}

void SuggestSegments(const Batch& batch, const v1::SuggestSegmentsRequest& wire,
                     const Writer<v1::SuggestSegmentsResponse>& writer) {
  absl::StatusOr<batch::SuggestRequest> request = FromWire(wire);
  if (!request.ok()) return writer->Finish(request.status());
  RunStudy<v1::SuggestSegmentsResponse>(
      batch.threads, wire.tenant(), writer,
      [batch, request = *std::move(request), writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
        v1::SuggestSegmentsResponse message;
        const auto separation = batch::SuggestSegments(batch.profiles, batch.playbooks, batch.clock, request,
                                                       cancellation, [&](const batch::WalkProgress& at) {
                                                         ToWire(at, message);
                                                         writer->Write(message);
                                                       });
        if (!separation.ok()) return separation.status();
        message.set_done(true);
        ToWire(*separation, message);
        writer->Write(std::move(message));
        return absl::OkStatus();
      });
}

}  // namespace

void AddSegmentationStudies(const Batch& batch, v1::SegmentationService::AsyncService& service, Methods& methods) {
  using Service = v1::SegmentationService::AsyncService;
  methods.ServerStream(
      service, &Service::RequestPreviewSegment,
      [batch](const auto& request, const auto&, const auto& writer) { PreviewSegment(batch, request, writer); });
  methods.ServerStream(
      service, &Service::RequestPreviewPlaybook,
      [batch](const auto& request, const auto&, const auto& writer) { PreviewPlaybook(batch, request, writer); });
  methods.ServerStream(
      service, &Service::RequestFitPopulation,
      [batch](const auto& request, const auto&, const auto& writer) { FitPopulation(batch, request, writer); });
  methods.Unary(service, &Service::RequestGetPopulation, [batch](const auto& request, const auto&, auto responder) {
    GetPopulation(batch, request, std::move(responder));
  });
  methods.ServerStream(
      service, &Service::RequestSuggestSegments,
      [batch](const auto& request, const auto&, const auto& writer) { SuggestSegments(batch, request, writer); });
}

}  // namespace waymark::rpc
