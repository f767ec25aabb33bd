#include "service/rpc/segmentation_studies.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/base/field_error.h"
#include "service/batch/fit.h"
#include "service/batch/preview.h"
#include "service/batch/suggest.h"
#include "service/playbook/compile.h"
#include "service/rpc/batch_to_wire.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/to_wire.h"

namespace waymark::rpc {
namespace {

using Batch = batch::Environment;

constexpr absl::Duration kProgressPeriod = absl::Milliseconds(100);
constexpr size_t kMaxRuleBytes = 16 * 1024;
constexpr size_t kMaxPlaybookBytes = 1 << 20;

template <typename Response>
using Writer = std::shared_ptr<StreamWriter<Response>>;

// Lets one message through each tenth of a second: making one of a thousand segments costs more than a page of
// profiles.
class Pace {
 public:
  bool Now() {
    const absl::Time now = absl::Now();
    if (now < next_) return false;
    next_ = now + kProgressPeriod;
    return true;
  }

 private:
  absl::Time next_ = absl::InfinitePast();
};

// Runs `study(cancellation)`, which returns how it ended.
template <typename Response, typename Study>
void RunStudy(const Batch& batch, const std::string& tenant, const Writer<Response>& writer, Study study) {
  auto started = batch.threads.Start(
      tenant, 1, [writer, study = std::move(study)](const std::shared_ptr<batch::Cancellation>& cancellation) mutable {
        writer->Finish(study(cancellation));
      });
  if (!started.ok()) return writer->Finish(started.status());
  writer->OnCancel([cancellation = *std::move(started)] { cancellation->Cancel(); });
}

absl::StatusOr<int> SampleSize(bool present, int size, int absent, int most) {
  if (!present) return absent;
  if (size < 0 || size > most) return base::FieldError("sample", absl::StrCat("0 to ", most));
  return size;
}

void PreviewSegment(const Batch& batch, const v1::PreviewSegmentRequest& request,
                    const Writer<v1::PreviewSegmentResponse>& writer) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return writer->Finish(std::move(status));
  const absl::StatusOr<int> sample = SampleSize(request.has_sample(), request.sample(), 10, 1000);
  if (!sample.ok()) return writer->Finish(sample.status());
  if (request.when().empty() || request.when().size() > kMaxRuleBytes) {
    return writer->Finish(base::FieldError("when", "this needs a rule, of at most 16 KiB"));
  }
  RunStudy<v1::PreviewSegmentResponse>(
      batch, request.tenant(), writer,
      [batch, request, sample = *sample, writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
        const auto candidate = batch::CandidateOf(batch.playbooks, request.tenant(),
                                                  playbook::CandidateSegment{request.segment(), request.when()});
        if (!candidate.ok()) return candidate.status();
        if (!candidate->problems.empty()) return ProblemsToStatus(candidate->problems);
        batch::WalkProgress last;
        const auto tell = [&](const batch::Impact& impact, bool done) {
          v1::PreviewSegmentResponse message;
          ToWire(impact.segments()[0], *message.mutable_impact());
          message.mutable_impact()->set_segment(request.segment());
          ToWire(last, message);
          message.set_done(done);
          message.set_playbook_version(candidate->current->version);
          writer->Write(std::move(message));
        };
        Pace pace;
        const auto impact = batch::Preview(batch.profiles, batch.clock, request.tenant(), *candidate, sample,
                                           cancellation, [&](const batch::Impact& so_far, const auto& at) {
                                             last = at;
                                             if (pace.Now()) tell(so_far, false);
                                           });
        if (!impact.ok()) return impact.status();
        tell(*impact, true);
        return absl::OkStatus();
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
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return writer->Finish(std::move(status));
  const absl::StatusOr<int> sample = SampleSize(request.has_sample(), request.sample(), 3, 20);
  if (!sample.ok()) return writer->Finish(sample.status());
  if (request.text().size() > kMaxPlaybookBytes) {
    return writer->Finish(base::FieldError("text", "a playbook is at most 1 MiB"));
  }
  RunStudy<v1::PreviewPlaybookResponse>(
      batch, request.tenant(), writer,
      [batch, request, sample = *sample, writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
        const auto candidate = batch::CandidateOf(batch.playbooks, request.tenant(), request.text());
        if (!candidate.ok()) return candidate.status();
        batch::WalkProgress last;
        const auto tell = [&](const batch::Impact* impact, bool done) {
          v1::PreviewPlaybookResponse message;
          for (const playbook::Problem& problem : candidate->problems) ToWire(problem, *message.add_problems());
          if (impact != nullptr) {
            for (const batch::SegmentImpact& segment : impact->segments()) ToWire(segment, *message.add_segments());
            for (const batch::StageImpact& stage : impact->stages()) ToWire(stage, *message.add_stages());
          }
          ToWire(last, message);
          message.set_done(done);
          message.set_playbook_version(candidate->current == nullptr ? 0 : candidate->current->version);
          writer->Write(std::move(message));
        };
        if (!candidate->problems.empty()) {
          tell(nullptr, true);
          return absl::OkStatus();
        }
        Pace pace;
        const auto impact =
            batch::Preview(batch.profiles, batch.clock, request.tenant(), *candidate, FittingSample(*candidate, sample),
                           cancellation, [&](const batch::Impact& so_far, const auto& at) {
                             last = at;
                             if (pace.Now()) tell(&so_far, false);
                           });
        if (!impact.ok()) return impact.status();
        tell(&*impact, true);
        return absl::OkStatus();
      });
}

void FitPopulation(const Batch& batch, const v1::FitPopulationRequest& request,
                   const Writer<v1::FitPopulationResponse>& writer) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return writer->Finish(std::move(status));
  RunStudy<v1::FitPopulationResponse>(
      batch, request.tenant(), writer,
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
  if ((*playbook)->population == nullptr) return responder.Fail(absl::NotFoundError("no population was fitted yet"));
  ToWire(*(*playbook)->population, **playbook, *responder.response().mutable_population());
  responder.Finish();
}

absl::StatusOr<batch::SuggestRequest> FromWire(const v1::SuggestSegmentsRequest& wire) {
  batch::SuggestRequest request{
      .tenant = wire.tenant(), .event = wire.event(), .max = wire.max() == 0 ? 10 : wire.max(), .seed = wire.seed()};
  if (request.max < 1 || request.max > 100) return base::FieldError("max", "1 to 100");
  if (!wire.has_within()) return request;
  request.within = absl::Seconds(wire.within().seconds()) + absl::Nanoseconds(wire.within().nanos());
  if (*request.within <= absl::ZeroDuration()) return base::FieldError("within", "more than 0");
  return request;
}

void SuggestSegments(const Batch& batch, const v1::SuggestSegmentsRequest& wire,
                     const Writer<v1::SuggestSegmentsResponse>& writer) {
  if (absl::Status status = CheckTenant(wire.tenant()); !status.ok()) return writer->Finish(std::move(status));
  absl::StatusOr<batch::SuggestRequest> request = FromWire(wire);
  if (!request.ok()) return writer->Finish(request.status());
  RunStudy<v1::SuggestSegmentsResponse>(
      batch, wire.tenant(), writer,
      [batch, request = *std::move(request), writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
        v1::SuggestSegmentsResponse message;
        const auto separation = batch::SuggestSegments(batch.profiles, batch.playbooks, batch.clock, request,
                                                       cancellation, [&](const batch::WalkProgress& at) {
                                                         ToWire(at, message);
                                                         writer->Write(message);
                                                       });
        if (!separation.ok()) return separation.status();
        message.set_done(true);
        message.set_sample(separation->customers);
        message.set_converters(separation->converters);
        for (const segmentation::SeparatingRule& rule : separation->rules) {
          v1::Suggestion& suggestion = *message.add_suggestions();
          suggestion.set_rule(rule.rule);
          suggestion.set_customers(rule.customers);
          suggestion.set_converters(rule.converters);
          suggestion.set_lift(rule.lift);
        }
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
