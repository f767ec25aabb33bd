#include "service/batch/preview.h"

#include <utility>

#include "service/base/clock.h"
#include "service/base/status_macros.h"
#include "service/base/time_zones.h"
#include "service/engine/await.h"

namespace waymark::batch {

absl::StatusOr<Candidate> CandidateOf(engine::Playbooks& playbooks, const std::string& tenant,
                                      const playbook::CandidateSegment& segment) {
  auto current = playbooks.Current(tenant);
  if (!current.ok()) return current.status();
  const auto text = engine::Await<engine::PlaybookText>([&](engine::Playbooks::Done<engine::PlaybookText> done) {
    playbooks.Get(tenant, (*current)->version, base::SteadyNow() + kStoreTimeout, std::move(done));
  });
  if (!text.ok()) return text.status();
  playbook::CandidateResult result =
      playbook::CompileWithSegment(text->text, (*current)->version, base::TimeZones(), segment);
  Candidate candidate{.current = *current, .segment = result.index, .problems = std::move(result.compiled.problems)};
  if (candidate.problems.empty()) {
    candidate.playbook = playbook::WithPopulation(*result.compiled.playbook, (*current)->population);
  }
  return candidate;
}

absl::StatusOr<Candidate> CandidateOf(engine::Playbooks& playbooks, const std::string& tenant,
                                      const std::string& text) {
  auto current = playbooks.Current(tenant);
  if (!current.ok() && !absl::IsFailedPrecondition(current.status())) return current.status();
  Candidate candidate{.current = current.ok() ? *current : nullptr};
  playbook::CompileResult compiled = playbook::CompilePlaybook(
      text, candidate.current == nullptr ? 1 : candidate.current->version + 1, base::TimeZones());
  candidate.problems = std::move(compiled.problems);
  if (!candidate.problems.empty()) return candidate;
  candidate.playbook = playbook::WithPopulation(*compiled.playbook,
                                                candidate.current == nullptr ? nullptr : candidate.current->population);
  return candidate;
}

absl::StatusOr<Impact> Preview(store::ProfileStore& profiles, const base::Clock& clock, const std::string& tenant,
                               const Candidate& candidate, int sample,
                               const std::shared_ptr<Cancellation>& cancellation,
                               absl::FunctionRef<void(const Impact&, const WalkProgress&)> progress) {
  Impact impact = candidate.segment == playbook::kNone
                      ? Impact::OfPlaybook(candidate.current, candidate.playbook, sample)
                      : Impact::OfSegment(candidate.current, candidate.playbook, candidate.segment, sample);
  const absl::Time now = clock.Now();
  WAYMARK_RETURN_IF_ERROR(Walk(
      profiles, tenant, cancellation,
      [&](const std::string& customer, const store::StoredProfile& stored) {
        impact.Add(customer, stored.profile, now);
      },
      [&](const WalkProgress& at) {
        progress(impact, at);
        return absl::OkStatus();
      }));
  return impact;
}

}  // namespace waymark::batch
