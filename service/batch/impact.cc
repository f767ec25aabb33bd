#include "service/batch/impact.h"

#include <algorithm>
#include <map>
#include <utility>

#include "segmentation/stable_hash.h"
#include "service/engine/derive.h"
#include "service/playbook/evaluation.h"

namespace waymark::batch {
namespace {

using segmentation::JourneyPosition;
using segmentation::NameId;

bool StandsIn(const std::vector<JourneyPosition>& positions, NameId journey, NameId stage) {
  return std::any_of(positions.begin(), positions.end(), [&](const JourneyPosition& position) {
    return position.journey == journey && position.current.stage == stage;
  });
}

// Counts one customer, who may stay, enter, leave or stay out.
template <typename Counts>
void Count(bool before, bool after, int64_t& now, int64_t& earlier, Counts& counts) {
  now += after ? 1 : 0;
  earlier += before ? 1 : 0;
  counts.entering += after && !before ? 1 : 0;
  counts.leaving += before && !after ? 1 : 0;
}

}  // namespace

void CustomerSample::Offer(absl::string_view customer) {
  const uint64_t key = segmentation::StableHash(customer);
  if (smallest_.Wants(key)) smallest_.Put({key, std::string(customer)});
}

std::vector<std::string> CustomerSample::customers() const {
  std::vector<std::string> customers;
  for (Entry& entry : segmentation::SmallestKeys<Entry>(smallest_).Take()) {
    // A walk may see somebody twice.
    if (customers.empty() || customers.back() != entry.customer) customers.push_back(std::move(entry.customer));
  }
  return customers;
}

Impact Impact::OfPlaybook(PlaybookPointer current, PlaybookPointer candidate, int sample) {
  Impact impact(std::move(current), std::move(candidate));
  std::map<std::string, Place> places;
  if (impact.current_ != nullptr) {
    for (size_t i = 0; i < impact.current_->segments.size(); ++i)
      places[impact.current_->segments[i].name].before = static_cast<int>(i);
  }
  for (size_t i = 0; i < impact.candidate_->segments.size(); ++i)
    places[impact.candidate_->segments[i].name].after = static_cast<int>(i);
  for (const auto& [name, place] : places) impact.AddSegment(name, place, sample);
  impact.AddStages();
  return impact;
}

Impact Impact::OfSegment(PlaybookPointer current, PlaybookPointer candidate, int segment, int sample) {
  Impact impact(std::move(current), std::move(candidate));
  const std::string& name = impact.candidate_->segments[static_cast<size_t>(segment)].name;
  Place place{.after = segment};
  if (impact.current_ != nullptr) {
    const auto& before = impact.current_->segments;
    auto it = std::find_if(before.begin(), before.end(), [&](const playbook::Segment& s) { return s.name == name; });
    if (it != before.end()) place.before = static_cast<int>(it - before.begin());
  }
  impact.AddSegment(name, place, sample);
  return impact;
}

void Impact::AddSegment(const std::string& name, Place place, int sample) {
  segments_.emplace_back(name, sample);
  places_.push_back(place);
}

// Those of the candidate in their order, then those that are gone.
void Impact::AddStages() {
  for (const PlaybookPointer& playbook : {candidate_, current_}) {
    if (playbook == nullptr) continue;
    for (const playbook::Journey& journey : playbook->journeys) {
      for (const playbook::Stage& stage : journey.stages) {
        const std::pair ids(journey.id, stage.id);
        if (std::find(stage_ids_.begin(), stage_ids_.end(), ids) != stage_ids_.end()) continue;
        stage_ids_.push_back(ids);
        stages_.push_back({journey.name, stage.name});
      }
    }
  }
}

Impact::State Impact::Look(const playbook::Playbook& playbook, int Place::*index, const segmentation::Profile& profile,
                           absl::Time now) const {
  const segmentation::Context no_context;
  playbook::Evaluation evaluation(playbook, profile, no_context, now);
  State state{.positions = engine::ResolveStages(evaluation)};
  for (const Place& place : places_) {
    state.member.push_back(place.*index >= 0 && evaluation.frame().InSegment(place.*index));
  }
  return state;
}

void Impact::Add(absl::string_view customer, const segmentation::Profile& profile, absl::Time now) {
  const State after = Look(*candidate_, &Place::after, profile, now);
  State before{.member = std::vector<bool>(segments_.size())};
  if (current_ != nullptr) before = Look(*current_, &Place::before, profile, now);
  for (size_t i = 0; i < segments_.size(); ++i) {
    SegmentImpact& segment = segments_[i];
    Count(before.member[i], after.member[i], segment.members, segment.members_before, segment);
    if (after.member[i]) segment.sample_members.Offer(customer);
    if (after.member[i] && !before.member[i]) segment.sample_entering.Offer(customer);
    if (before.member[i] && !after.member[i]) segment.sample_leaving.Offer(customer);
  }
  for (size_t i = 0; i < stages_.size(); ++i) {
    const auto& [journey, stage] = stage_ids_[i];
    Count(StandsIn(before.positions, journey, stage), StandsIn(after.positions, journey, stage), stages_[i].customers,
          stages_[i].customers_before, stages_[i]);
  }
}

}  // namespace waymark::batch
