#include "service/batch/map_plan.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "segmentation/population.h"
#include "service/journey/resolve.h"

namespace waymark::batch {
namespace {

absl::StatusOr<int> JourneyIn(const playbook::Playbook& playbook, const std::string& name) {
  if (playbook.journeys.empty()) return absl::FailedPreconditionError("the playbook has no journeys");
  if (name.empty()) return 0;
  for (size_t i = 0; i < playbook.journeys.size(); ++i) {
    if (playbook.journeys[i].name == name) return static_cast<int>(i);
  }
  return absl::NotFoundError("there is no such journey");
}

journey::MapPeriod PeriodOf(const store::JourneySelection& selection) { return {selection.from, selection.until}; }

Selection WhomOf(const store::JourneySelection& selection) { return {selection.segment, selection.persona}; }

}  // namespace

absl::StatusOr<MapPlan> MapPlan::Of(std::shared_ptr<const playbook::Playbook> playbook, store::JourneyMapKey key) {
  const absl::StatusOr<int> journey = JourneyIn(*playbook, key.journey);
  if (!journey.ok()) return journey.status();
  key.journey = playbook->journeys[static_cast<size_t>(*journey)].name;
  absl::StatusOr<Selector> selected = Selector::Of(WhomOf(key.selection), *playbook);
  if (!selected.ok()) return selected.status();
  absl::optional<Part> compared;
  if (key.compare_with.has_value()) {
    absl::StatusOr<Selector> selector = Selector::Of(WhomOf(*key.compare_with), *playbook);
    if (!selector.ok()) return selector.status();
    compared = Part{PeriodOf(*key.compare_with), *std::move(selector)};
  }
  Part part{PeriodOf(key.selection), *std::move(selected)};
  return MapPlan(std::move(playbook), *journey, std::move(key), std::move(part), std::move(compared));
}

MapPlan::MapPlan(std::shared_ptr<const playbook::Playbook> playbook, int journey, store::JourneyMapKey key,
                 Part selected, absl::optional<Part> compared)
    : playbook_(std::move(playbook)),
      journey_(journey),
      key_(std::move(key)),
      selected_(std::move(selected)),
      compared_(std::move(compared)),
      needs_segments_(!key_.selection.segment.empty() ||
                      (key_.compare_with.has_value() && !key_.compare_with->segment.empty())) {}

PlanCounter::PlanCounter(const MapPlan& plan, absl::Time as_of)
    : plan_(plan),
      as_of_(as_of),
      evaluation_(*plan.playbook_, nobody_, no_context_, as_of),
      deriver_(*plan.playbook_, as_of),
      selected_(*plan.playbook_, plan.journey_, plan.selected_.period) {
  counts_.selected = selected_.Empty();
  if (!plan.compared_.has_value()) return;
  compared_.emplace(*plan.playbook_, plan.journey_, plan.compared_->period);
  counts_.compared = compared_->Empty();
}

// Every segment is evaluated only where one of them is asked for.
absl::Span<const segmentation::JourneyPosition> PlanCounter::Positions(const segmentation::Profile& profile) {
  if (plan_.needs_segments_) return deriver_.Derive(profile).positions;
  evaluation_.Begin(profile);
  journey::Resolve(evaluation_, positions_);
  return positions_;
}

void PlanCounter::Add(const segmentation::Profile& profile) {
  const auto positions = Positions(profile);
  const segmentation::NameId journey = plan_.playbook_->journeys[static_cast<size_t>(plan_.journey_)].id;
  const auto position = std::find_if(positions.begin(), positions.end(),
                                     [journey](const auto& known) { return known.journey == journey; });
  if (position == positions.end()) return;
  const absl::Span<const int8_t> in_segment =
      plan_.needs_segments_ ? deriver_.in_segment() : absl::Span<const int8_t>();
  journey::MapCustomer customer{.profile = profile, .position = *position};
  if (plan_.playbook_->population != nullptr) {
    customer.lifetime_value =
        segmentation::PopulationReader(*plan_.playbook_->population, profile, as_of_).lifetime_value();
  }
  if (plan_.selected_.selector.Takes(profile, in_segment, as_of_)) selected_.Add(customer, counts_.selected);
  if (compared_.has_value() && plan_.compared_->selector.Takes(profile, in_segment, as_of_)) {
    compared_->Add(customer, counts_.compared);
  }
}

}  // namespace waymark::batch
