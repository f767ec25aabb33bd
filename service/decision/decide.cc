#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "segmentation/stable_hash.h"
#include "service/decision/arbitration.h"
#include "service/decision/budgets.h"
#include "service/decision/content.h"
#include "service/decision/decision.h"
#include "service/decision/limits.h"
#include "service/journey/resolve.h"
#include "service/playbook/evaluation.h"

namespace waymark::decision {
namespace {

using playbook::Action;
using playbook::kNone;
using playbook::Placement;
using segmentation::JourneyPosition;

// One decision under way: the customer's evaluation, and what has been given so far.
class Decider {
 public:
  Decider(const playbook::Playbook& playbook, const segmentation::Profile& profile, const Request& request,
          absl::Time now)
      : playbook_(playbook),
        request_(request),
        evaluation_(playbook, profile, request.context, now),
        limits_(playbook, profile, request, now),
        budgets_(playbook, profile, request) {
    std::vector<uint64_t> own;
    for (int placement : request.placements)
      own.push_back(ContactKey(request.decision_id, playbook.placements[placement].id));
    evaluation_.frame().set_contacts(request.contacts_known, std::move(own));
    positions_ = journey::Resolve(evaluation_);
    for (const JourneyPosition& position : positions_) {
      if (position.journey == playbook.facts->primary_journey()) evaluation_.frame().set_position(&position);
    }
  }

  Decision Decide() {
    Decision decision;
    for (int placement : request_.placements) decision.placements.push_back(Fill(placement, decision.contacts));
    decision.positions = std::move(positions_);
    decision.units = budgets_.TakeAll();
    return decision;
  }

 private:
  PlacementDecision Fill(int placement, std::vector<segmentation::Contact>& contacts);
  // The first reason against the candidate, or kChosen where it may be ranked; fills factors and priority then.
  Candidate Examine(int action, int placement);
  Reason Filter(const Action& action, int placement, std::string* detail);
  Reason FilterRule(const Action& action, std::string* detail);
  Reason FilterConsent(const Action& action, int channel, std::string* detail);
  bool InStage(const Action& action) const;
  // Gives the candidate where limits and content allow.
  Reason Give(Candidate& candidate, const Placement& placement, PlacementDecision& decision);
  void Fallback(const Placement& placement, PlacementDecision& decision);

  const playbook::Playbook& playbook_;
  const Request& request_;
  playbook::Evaluation evaluation_;
  std::vector<JourneyPosition> positions_;
  Limits limits_;
  Budgets budgets_;
  std::vector<int> given_;  // actions of this request
};

bool Decider::InStage(const Action& action) const {
  if (action.stages.empty()) return true;
  return std::any_of(action.stages.begin(), action.stages.end(), [this](const playbook::StageReference& reference) {
    const playbook::Journey& journey = playbook_.journeys[reference.journey];
    return std::any_of(positions_.begin(), positions_.end(), [&](const JourneyPosition& position) {
      return position.journey == journey.id && position.current.stage == journey.stages[reference.stage].id;
    });
  });
}

Reason Decider::FilterRule(const Action& action, std::string* detail) {
  if (action.eligible == kNone) return Reason::kChosen;
  const expression::Value& verdict = evaluation_.Rule(action.eligible);
  if (verdict.holds()) return Reason::kChosen;
  if (!verdict.is_error()) return Reason::kEligibility;
  if (detail != nullptr) *detail = std::string(verdict.string_value());
  return Reason::kRuleError;
}

Reason Decider::FilterConsent(const Action& action, int channel, std::string* detail) {
  const auto refused = [this, detail](segmentation::NameId purpose, const std::string& name) {
    const segmentation::Consent* consent = segmentation::FindConsent(evaluation_.profile(), purpose);
    if (consent != nullptr && consent->granted) return false;
    if (detail != nullptr) *detail = name;
    return true;
  };
  const playbook::Channel& through = playbook_.channels[channel];
  if (through.consent.has_value() && refused(*through.consent, through.consent_name)) return Reason::kConsent;
  for (const playbook::NeededConsent& needed : action.consents) {
    if (refused(needed.purpose, needed.name)) return Reason::kConsent;
  }
  return Reason::kChosen;
}

Reason Decider::Filter(const Action& action, int placement, std::string* detail) {
  const int channel = playbook_.placements[placement].channel;
  if (request_.kind.has_value() && action.kind != *request_.kind) return Reason::kKind;
  if (!playbook::FitsPlacement(action, placement)) return Reason::kPlacement;
  if (!playbook::FitsChannel(action, channel)) return Reason::kChannel;
  if (evaluation_.now() < action.valid_from || evaluation_.now() >= action.valid_until) return Reason::kValidity;
  if (!InStage(action)) return Reason::kStage;
  Reason reason = FilterRule(action, detail);
  if (reason == Reason::kChosen) reason = FilterConsent(action, channel, detail);
  return reason;
}

Candidate Decider::Examine(int index, int placement) {
  const Action& action = playbook_.actions[index];
  Candidate candidate{.action = index};
  std::string* detail = request_.explain ? &candidate.detail : nullptr;
  candidate.reason = Filter(action, placement, detail);
  if (candidate.reason == Reason::kChosen) {
    candidate.reason = limits_.Check(index, playbook_.placements[placement].channel, detail);
  }
  if (candidate.reason == Reason::kChosen) candidate.reason = budgets_.Check(index, placement, detail);
  if (candidate.reason != Reason::kChosen) return candidate;
  candidate.factors = Score(action, evaluation_);
  if (!candidate.factors.has_value()) {
    candidate.reason = Reason::kValueError;
    return candidate;
  }
  candidate.priority = Priority(*candidate.factors, playbook_.arbitration);
  if (!std::isfinite(candidate.priority)) {
    candidate.priority = 0;
    candidate.reason = Reason::kValueError;
  }
  return candidate;
}

Reason Decider::Give(Candidate& candidate, const Placement& placement, PlacementDecision& decision) {
  const Action& action = playbook_.actions[candidate.action];
  std::string* detail = request_.explain ? &candidate.detail : nullptr;
  if (std::find(given_.begin(), given_.end(), candidate.action) != given_.end()) {
    if (detail != nullptr) *detail = "given in another placement of this call";
    return Reason::kOutranked;
  }
  // Again, because what was given since then counts.
  Reason reason = limits_.Check(candidate.action, placement.channel, detail);
  if (reason == Reason::kChosen) reason = budgets_.Check(candidate.action, decision.placement, detail);
  if (reason != Reason::kChosen) return reason;
  absl::StatusOr<absl::optional<Content>> content = Render(action, placement.channel, request_.locale, evaluation_);
  if (!content.ok()) {
    if (detail != nullptr) *detail = std::string(content.status().message());
    return Reason::kContentError;
  }
  limits_.Take(candidate.action, placement.channel);
  budgets_.Take(candidate.action, decision.placement);
  given_.push_back(candidate.action);
  decision.chosen.push_back({candidate.action, candidate.priority, false, *std::move(content)});
  return Reason::kChosen;
}

void Decider::Fallback(const Placement& placement, PlacementDecision& decision) {
  if (placement.fallback == kNone) return;
  const Action& action = playbook_.actions[placement.fallback];
  if (FilterConsent(action, placement.channel, nullptr) != Reason::kChosen) return;
  absl::StatusOr<absl::optional<Content>> content = Render(action, placement.channel, request_.locale, evaluation_);
  decision.chosen.push_back({placement.fallback, 0, true, content.ok() ? *std::move(content) : absl::nullopt});
  for (Candidate& candidate : decision.candidates) {
    if (candidate.action == placement.fallback) candidate.reason = Reason::kFallback;
  }
}

PlacementDecision Decider::Fill(int index, std::vector<segmentation::Contact>& contacts) {
  const Placement& placement = playbook_.placements[index];
  PlacementDecision decision{.placement = index};
  limits_.Begin(index);
  std::vector<Candidate> ranked;
  const auto examine = [&](int action) {
    Candidate candidate = Examine(action, index);
    if (candidate.reason == Reason::kChosen)
      ranked.push_back(std::move(candidate));
    else if (request_.explain)
      decision.candidates.push_back(std::move(candidate));
  };
  if (request_.explain) {
    for (size_t i = 0; i < playbook_.actions.size(); ++i) examine(static_cast<int>(i));
  } else {
    for (int action : placement.candidates) examine(action);
  }
  const auto by_name = [this](const Candidate& a, const Candidate& b) {
    return playbook_.actions[a.action].name < playbook_.actions[b.action].name;
  };
  std::sort(ranked.begin(), ranked.end(), [&](const Candidate& a, const Candidate& b) {
    return a.priority != b.priority ? a.priority > b.priority : by_name(a, b);
  });
  const size_t slots = request_.max_actions > 0 ? request_.max_actions : placement.slots;
  for (Candidate& candidate : ranked) {
    const bool full = decision.chosen.size() >= slots;
    candidate.reason = full ? Reason::kOutranked : Give(candidate, placement, decision);
    if (!full || request_.explain) decision.candidates.push_back(std::move(candidate));
  }
  std::sort(decision.candidates.begin(), decision.candidates.end(), by_name);
  if (!request_.explain) decision.candidates.clear();
  if (decision.chosen.empty()) Fallback(placement, decision);
  if (!placement.count_on_decision) return decision;
  for (const Chosen& chosen : decision.chosen) {
    if (chosen.fallback || !playbook_.CountsContacts(chosen.action, placement.channel)) continue;
    contacts.push_back({.action = playbook_.actions[chosen.action].id,
                        .channel = playbook_.channels[placement.channel].id,
                        .at = evaluation_.now(),
                        .decision = ContactKey(request_.decision_id, placement.id)});
  }
  return decision;
}

}  // namespace

uint64_t ContactKey(absl::string_view decision_id, segmentation::NameId placement) {
  return segmentation::StableHash(decision_id, static_cast<uint32_t>(placement));
}

Decision Decide(const playbook::Playbook& playbook, const segmentation::Profile& profile, const Request& request,
                absl::Time now) {
  return Decider(playbook, profile, request, now).Decide();
}

}  // namespace waymark::decision
