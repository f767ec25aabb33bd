#include "service/batch/attribute.h"

#include <algorithm>
#include <utility>

#include "absl/types/optional.h"
#include "service/base/status_macros.h"
#include "service/engine/derive.h"

namespace waymark::batch {
namespace {

using segmentation::NameId;
using segmentation::NameIdOf;
using segmentation::Trail;

// Tells of whom touches are, and remembers what that is called. Bounded: 10,000 names of touchpoints that the playbook
// does not have, which is as many as are counted.
class Players {
 public:
  Players(const playbook::Playbook& playbook, AttributionBy by) : by_(by) {
    names_[journey::kOtherPlayers] = "(other)";
    names_[kUnknown] = "(unknown)";
    for (const auto& [id, touchpoint] : playbook.touchpoints) Learn(id, touchpoint.name);
    if (by != AttributionBy::kAction) return;
    for (const playbook::Action& action : playbook.actions) names_[action.id] = action.name;
  }

  void Learn(const Trail& trail) {
    if (by_ == AttributionBy::kAction) return;
    for (const Trail::Name& name : trail.names) {
      if (channels_.size() < kMaxNames && !channels_.contains(name.touchpoint)) Learn(name.touchpoint, name.text);
    }
  }

  NameId Of(const segmentation::Touch& touch) const {
    switch (by_) {
      case AttributionBy::kAction:
        return Known(touch.action);
      case AttributionBy::kTouchpoint:
        return Known(touch.touchpoint);
      case AttributionBy::kChannel:
        break;
    }
    if (touch.touchpoint == NameId{}) return NameId{};
    const auto channel = channels_.find(touch.touchpoint);
    return channel == channels_.end() ? kUnknown : channel->second;
  }

  absl::flat_hash_map<NameId, std::string> TakeNames() { return std::move(names_); }

 private:
  static constexpr size_t kMaxNames = 10'000;
  inline static const NameId kUnknown = NameIdOf("(unknown)");

  void Learn(NameId touchpoint, const std::string& name) {
    const std::string channel = name.substr(0, name.find('/'));
    channels_[touchpoint] = NameIdOf(channel);
    if (by_ == AttributionBy::kTouchpoint) names_[touchpoint] = name;
    if (by_ == AttributionBy::kChannel) names_[NameIdOf(channel)] = channel;
  }

  NameId Known(NameId id) const { return id == NameId{} || names_.contains(id) ? id : kUnknown; }

  const AttributionBy by_;
  absl::flat_hash_map<NameId, NameId> channels_;  // by touchpoint
  absl::flat_hash_map<NameId, std::string> names_;
};

// Whom the request is about.
class Selected {
 public:
  static absl::StatusOr<Selected> From(const playbook::Playbook& playbook, const AttributionRequest& request,
                                       absl::Time now) {
    Selected selected(playbook, request.persona, now);
    if (!request.persona.empty()) {
      if (playbook.population == nullptr) return absl::NotFoundError("there are no personas yet: fit a population");
      const auto& cards = playbook.population->cards;
      const bool known = std::any_of(cards.begin(), cards.end(), [&](const segmentation::PersonaCard& card) {
        return card.name == request.persona;
      });
      if (!known) return absl::NotFoundError("no such persona");
    }
    if (request.segment.empty()) return selected;
    const auto segment = std::find_if(playbook.segments.begin(), playbook.segments.end(),
                                      [&](const playbook::Segment& each) { return each.name == request.segment; });
    if (segment == playbook.segments.end()) return absl::NotFoundError("no such segment");
    selected.segment_ = static_cast<size_t>(segment - playbook.segments.begin());
    selected.deriver_ = std::make_unique<engine::Deriver>(playbook, now);
    return selected;
  }

  bool Has(const segmentation::Profile& profile) {
    if (!persona_.empty()) {
      const segmentation::PopulationReader reader(*playbook_->population, profile, now_);
      if (reader.persona() != absl::string_view(persona_)) return false;
    }
    if (deriver_ == nullptr) return true;
    deriver_->Derive(profile);
    return deriver_->in_segment()[segment_] != 0;
  }

 private:
  Selected(const playbook::Playbook& playbook, std::string persona, absl::Time now)
      : playbook_(&playbook), persona_(std::move(persona)), now_(now) {}

  const playbook::Playbook* playbook_;
  std::string persona_;
  absl::Time now_;
  size_t segment_ = 0;
  std::unique_ptr<engine::Deriver> deriver_;  // null: any segment
};

}  // namespace

absl::StatusOr<AttributionAnswer> AttributeConversions(const Environment& environment,
                                                       const AttributionRequest& request,
                                                       const std::shared_ptr<Cancellation>& cancellation,
                                                       absl::FunctionRef<void(const WalkProgress&)> progress) {
  auto current = environment.playbooks.Current(request.tenant);
  if (!current.ok()) return current.status();
  const playbook::Playbook& playbook = **current;
  AttributionAnswer answer{.playbook = *current, .as_of = environment.clock.Now()};
  journey::PathOptions options{.conversion = playbook.population_spec.purchase,
                               .look_back = request.look_back,
                               .conversion_counts = request.by == AttributionBy::kAction};
  if (!request.conversion.empty()) {
    const auto event = playbook.event_ids.find(request.conversion);
    if (event == playbook.event_ids.end()) return absl::NotFoundError("no such event type");
    options.conversion = event->second;
  }
  absl::StatusOr<Selected> selected = Selected::From(playbook, request, answer.as_of);
  if (!selected.ok()) return selected.status();
  Players players(playbook, request.by);
  journey::AttributionCounts counts(request.markov_order, request.half_life);
  WAYMARK_RETURN_IF_ERROR(Walk(
      environment.profiles, request.tenant, cancellation,
      [&](const std::string&, const store::StoredProfile& stored) {
        if (!selected->Has(stored.profile)) return;
        const Trail& trail = stored.profile.trail;
        players.Learn(trail);
        for (const journey::TouchPath& path :
             journey::PathsOf(trail, options, [&](const segmentation::Touch& touch) { return players.Of(touch); })) {
          if (path.end >= request.from && path.end < request.until) counts.Add(path);
        }
      },
      [&](const WalkProgress& at) {
        progress(at);
        return absl::OkStatus();
      }));
  answer.attribution = counts.Attribute();
  answer.names = players.TakeNames();
  return answer;
}

}  // namespace waymark::batch
