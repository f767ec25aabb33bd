#include "service/batch/past_playbooks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "service/base/time_zones.h"
#include "service/playbook/compile.h"

namespace waymark::batch {
namespace {

constexpr size_t kMaxKept = 32;

}  // namespace

absl::StatusOr<PlaybookPointer> PastPlaybooks::Get(const std::string& tenant, uint64_t version,
                                                   uint64_t population_version,
                                                   const std::shared_ptr<Cancellation>& cancellation) {
  const Key key{tenant, version, population_version};
  {
    absl::MutexLock lock(&mutex_);
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&key](const auto& kept) { return kept.first == key; });
    if (found != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, found);
      return found->second;
    }
  }
  absl::StatusOr<PlaybookPointer> made = Make(key, cancellation);
  if (!made.ok() && !absl::IsFailedPrecondition(made.status())) return made;
  absl::MutexLock lock(&mutex_);
  kept_.push_front({key, made});
  if (kept_.size() > kMaxKept) kept_.pop_back();
  return made;
}

absl::StatusOr<PlaybookPointer> PastPlaybooks::Make(const Key& key, const std::shared_ptr<Cancellation>& cancellation) {
  const auto current = playbooks_.Current(key.tenant);
  if (current.ok() && (*current)->version == key.version) {
    const auto& population = (*current)->population;
    if ((population == nullptr ? 0 : population->version) == key.population_version) return *current;
  }
  Pending<engine::PlaybookText> pending(cancellation, [&](absl::Time deadline, auto done) {
    playbooks_.Get(key.tenant, key.version, deadline, std::move(done));
  });
  const absl::StatusOr<engine::PlaybookText> text = pending.Take();
  if (absl::IsNotFound(text.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat("version ", key.version, " of the playbook is not kept any more"));
  }
  if (!text.ok()) return text.status();
  const playbook::CompileResult compiled = playbook::CompilePlaybook(text->text, key.version, base::TimeZones());
  if (compiled.playbook == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("version ", key.version, " of the playbook does not compile with this Waymark"));
  }
  return WithPopulation(key.tenant, compiled.playbook, key.population_version, cancellation);
}

absl::StatusOr<PlaybookPointer> PastPlaybooks::WithPopulation(const std::string& tenant,
                                                              const PlaybookPointer& playbook,
                                                              uint64_t population_version,
                                                              const std::shared_ptr<Cancellation>& cancellation) {
  if (population_version == 0) return playbook::WithPopulation(*playbook, nullptr);
  Pending<engine::Playbooks::PopulationPointer> pending(cancellation, [&](absl::Time deadline, auto done) {
    playbooks_.GetPopulation(tenant, population_version, deadline, std::move(done));
  });
  absl::StatusOr<engine::Playbooks::PopulationPointer> population = pending.Take();
  if (absl::IsNotFound(population.status())) return absl::FailedPreconditionError(population.status().message());
  if (!population.ok()) return population.status();
  return playbook::WithPopulation(*playbook, *std::move(population));
}

}  // namespace waymark::batch
