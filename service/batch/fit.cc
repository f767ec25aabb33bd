#include "service/batch/fit.h"

#include <utility>

#include "service/base/clock.h"
#include "service/base/status_macros.h"
#include "service/engine/await.h"

namespace waymark::batch {

absl::StatusOr<FittedPopulation> FitPopulation(store::ProfileStore& profiles, engine::Playbooks& playbooks,
                                               const base::Clock& clock, const std::string& tenant, uint64_t seed,
                                               const std::shared_ptr<Cancellation>& cancellation,
                                               absl::FunctionRef<void(const WalkProgress&)> progress) {
  auto playbook = playbooks.Current(tenant);
  if (!playbook.ok()) return playbook.status();
  const absl::Time now = clock.Now();
  const segmentation::ObservationPlan plan((*playbook)->population_spec);
  segmentation::Sampler sampler(plan, seed, now);
  WAYMARK_RETURN_IF_ERROR(Walk(
      profiles, tenant, cancellation,
      [&](const std::string& customer, const store::StoredProfile& stored) { sampler.Add(customer, stored.profile); },
      [&](const WalkProgress& at) {
        progress(at);
        return absl::OkStatus();
      }));
  segmentation::Population population =
      segmentation::FitPopulation(plan, sampler.Take(), (*playbook)->population.get(), seed, (*playbook)->version, now);
  return StoreFitted(playbooks, tenant, *std::move(playbook), std::move(population));
}

absl::StatusOr<FittedPopulation> StoreFitted(engine::Playbooks& playbooks, const std::string& tenant,
                                             std::shared_ptr<const playbook::Playbook> playbook,
                                             segmentation::Population population) {
  auto stored = engine::Await<engine::Playbooks::PopulationPointer>(
      [&](engine::Playbooks::Done<engine::Playbooks::PopulationPointer> done) {
        playbooks.StorePopulation(tenant, std::move(population), base::SteadyNow() + kStoreTimeout, std::move(done));
      });
  if (!stored.ok()) return stored.status();
  return FittedPopulation{std::move(playbook), *std::move(stored)};
}

}  // namespace waymark::batch
