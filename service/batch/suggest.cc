#include "service/batch/suggest.h"

#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/playbook/playbook.h"

namespace waymark::batch {
namespace {

absl::StatusOr<segmentation::PopulationSpec::Name> Conversion(const playbook::Playbook& playbook,
                                                              const std::string& event) {
  const segmentation::NameId purchase = playbook.population_spec.purchase;
  if (event.empty()) return segmentation::PopulationSpec::Name{purchase, std::string(NameOf(playbook, purchase))};
  auto it = playbook.event_ids.find(event);
  if (it == playbook.event_ids.end())
    return base::FieldError("event", "no such event type is built in or declared in the playbook");
  return segmentation::PopulationSpec::Name{it->second, event};
}

}  // namespace

absl::StatusOr<segmentation::Separation> SuggestSegments(store::ProfileStore& profiles,
                                                         const engine::Playbooks& playbooks, const base::Clock& clock,
                                                         const SuggestRequest& request,
                                                         const std::shared_ptr<Cancellation>& cancellation,
                                                         absl::FunctionRef<void(const WalkProgress&)> progress) {
  const auto playbook = playbooks.Current(request.tenant);
  if (!playbook.ok()) return playbook.status();
  auto conversion = Conversion(**playbook, request.event);
  if (!conversion.ok()) return conversion.status();
  const segmentation::PopulationSpec& population = (*playbook)->population_spec;
  segmentation::Separator separator({.conversion = *std::move(conversion),
                                     .within = request.within,
                                     .traits = population.traits,
                                     .events = population.events,
                                     .max_rules = static_cast<size_t>(request.max)},
                                    request.seed, clock.Now());
  WAYMARK_RETURN_IF_ERROR(Walk(
      profiles, request.tenant, cancellation,
      [&](const std::string& customer, const store::StoredProfile& stored) { separator.Add(customer, stored.profile); },
      [&](const WalkProgress& at) {
        progress(at);
        return absl::OkStatus();
      }));
  return separator.Take();
}

}  // namespace waymark::batch
