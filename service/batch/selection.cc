#include "service/batch/selection.h"

#include <algorithm>
#include <utility>

#include "segmentation/population.h"

namespace waymark::batch {

Selector::Selector(const playbook::Playbook& playbook, int segment, std::string persona)
    : playbook_(&playbook), segment_(segment), persona_(std::move(persona)) {}

absl::StatusOr<Selector> Selector::Of(const Selection& selection, const playbook::Playbook& playbook) {
  int segment = playbook::kNone;
  if (!selection.segment.empty()) {
    const auto it = std::find_if(playbook.segments.begin(), playbook.segments.end(),
                                 [&](const playbook::Segment& known) { return known.name == selection.segment; });
    if (it == playbook.segments.end()) return absl::NotFoundError("there is no such segment");
    segment = static_cast<int>(it - playbook.segments.begin());
  }
  if (!selection.persona.empty() &&
      (playbook.population == nullptr ||
       std::none_of(playbook.population->cards.begin(), playbook.population->cards.end(),
                    [&](const segmentation::PersonaCard& card) { return card.name == selection.persona; }))) {
    return absl::NotFoundError("there is no such persona");
  }
  return Selector(playbook, segment, selection.persona);
}

bool Selector::Takes(const segmentation::Profile& profile, absl::Span<const int8_t> in_segment, absl::Time now) const {
  if (segment_ != playbook::kNone && in_segment[static_cast<size_t>(segment_)] == 0) return false;
  if (persona_.empty()) return true;
  return segmentation::PopulationReader(*playbook_->population, profile, now).persona() == persona_;
}

}  // namespace waymark::batch
