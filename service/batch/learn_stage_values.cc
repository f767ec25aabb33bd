#include "service/batch/learn_stage_values.h"

#include <utility>

#include "service/base/status_macros.h"
#include "service/engine/derive.h"
#include "service/journey/stage_value.h"

namespace waymark::batch {

absl::StatusOr<FittedPopulation> LearnStageValues(const Environment& environment, const std::string& tenant,
                                                  const segmentation::StageValueOptions& options,
                                                  const std::shared_ptr<Cancellation>& cancellation,
                                                  absl::FunctionRef<void(const WalkProgress&)> progress) {
  auto playbook = environment.playbooks.Current(tenant);
  if (!playbook.ok()) return playbook.status();
  if ((*playbook)->journeys.empty()) return absl::FailedPreconditionError("the playbook has no journeys");
  const absl::Time now = environment.clock.Now();
  engine::Deriver deriver(**playbook, now);
  journey::StageValueLearner learner(**playbook, options, now);
  WAYMARK_RETURN_IF_ERROR(Walk(
      environment.profiles, tenant, cancellation,
      [&](const std::string&, const store::StoredProfile& stored) {
        const engine::Derivation& derivation = deriver.Derive(stored.profile);
        learner.Add(derivation.positions, stored.profile.trail, deriver.in_segment());
      },
      [&](const WalkProgress& at) {
        progress(at);
        return absl::OkStatus();
      }));
  segmentation::Population population;
  if ((*playbook)->population != nullptr) population = *(*playbook)->population;
  ++population.version;
  population.stage_values = learner.Learn();
  return StoreFitted(environment.playbooks, tenant, *std::move(playbook), std::move(population));
}

}  // namespace waymark::batch
