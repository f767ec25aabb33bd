#include "service/decision/eligibility.h"

#include <algorithm>

namespace waymark::decision {
namespace {

using playbook::Action;
using playbook::Journey;
using playbook::kNone;
using segmentation::JourneyPosition;

}  // namespace

Reason Eligibility::Check(const Action& action, int placement, std::string* detail) {
  const int channel = evaluation_.playbook().placements[static_cast<size_t>(placement)].channel;
  if (request_.kind.has_value() && action.kind != *request_.kind) return Reason::kKind;
  if (!playbook::FitsPlacement(action, placement)) return Reason::kPlacement;
  if (!playbook::FitsChannel(action, channel)) return Reason::kChannel;
  if (evaluation_.now() < action.valid_from || evaluation_.now() >= action.valid_until) return Reason::kValidity;
  if (!IsInStage(action)) return Reason::kStage;
  const Reason reason = CheckRules(action, detail);
  return reason == Reason::kChosen ? CheckConsent(action, channel, detail) : reason;
}

bool Eligibility::IsInStage(const Action& action) const {
  if (action.stages.empty()) return true;
  return std::any_of(action.stages.begin(), action.stages.end(), [this](const playbook::StageReference& reference) {
    const Journey& journey = evaluation_.playbook().journeys[static_cast<size_t>(reference.journey)];
    return std::any_of(positions_.begin(), positions_.end(), [&](const JourneyPosition& position) {
      return position.journey == journey.id &&
             position.current.stage == journey.stages[static_cast<size_t>(reference.stage)].id;
    });
  });
}

Reason Eligibility::CheckRules(const Action& action, std::string* detail) {
  const struct {
    playbook::RuleIndex rule;
    Reason reason;
  } kTiers[] = {{action.eligible, Reason::kEligibility},
                {action.applicable, Reason::kApplicability},
                {action.suitable, Reason::kSuitability}};
  for (const auto& tier : kTiers) {
    if (tier.rule == kNone) continue;
    const expression::Value& verdict = evaluation_.Rule(tier.rule);
    if (verdict.holds()) continue;
    if (!verdict.is_error()) return tier.reason;
    if (detail != nullptr) *detail = std::string(verdict.string_value());
    return Reason::kRuleError;
  }
  return Reason::kChosen;
}

Reason CheckConsent(const playbook::Playbook& playbook, const segmentation::Profile& profile, const Action& action,
                    int channel, std::string* detail) {
  const auto refused = [&profile, detail](segmentation::NameId purpose, const std::string& name) {
    const segmentation::Consent* consent = segmentation::FindConsent(profile, purpose);
    if (consent != nullptr && consent->granted) return false;
    if (detail != nullptr) *detail = name;
    return true;
  };
  if (channel != kNone) {
    const playbook::Channel& through = playbook.channels[static_cast<size_t>(channel)];
    if (through.consent.has_value() && refused(*through.consent, through.consent_name)) return Reason::kConsent;
  }
  for (const playbook::NeededConsent& needed : action.consents) {
    if (refused(needed.purpose, needed.name)) return Reason::kConsent;
  }
  return Reason::kChosen;
}

std::vector<int> Eligibility::Candidates(const playbook::Placement& placement) const {
  std::vector<int> candidates = placement.any_stage;
  const std::vector<Journey>& journeys = evaluation_.playbook().journeys;
  for (size_t i = 0; i < journeys.size(); ++i) {
    const auto position = std::find_if(positions_.begin(), positions_.end(),
                                       [&](const JourneyPosition& at) { return at.journey == journeys[i].id; });
    if (position == positions_.end()) continue;
    for (size_t j = 0; j < journeys[i].stages.size(); ++j) {
      if (journeys[i].stages[j].id != position->current.stage) continue;
      const std::vector<int>& here = placement.by_stage[i][j];
      candidates.insert(candidates.end(), here.begin(), here.end());
    }
  }
  if (journeys.size() < 2) return candidates;
  // An action may name stages of several journeys.
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  return candidates;
}

}  // namespace waymark::decision
