#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "segmentation/stable_hash.h"
#include "service/decision/arbitration.h"
#include "service/decision/budgets.h"
#include "service/decision/contact_policy.h"
#include "service/decision/content.h"
#include "service/decision/decision.h"
#include "service/decision/eligibility.h"
#include "service/decision/experiments.h"
#include "service/decision/slate.h"
#include "service/decision/stage_gain.h"
#include "service/journey/resolve.h"
#include "service/playbook/evaluation.h"

namespace waymark::decision {
namespace {

using playbook::Action;
using playbook::kNone;
using playbook::Placement;
using segmentation::JourneyPosition;
using segmentation::Profile;

bool MayLookAt(const playbook::Playbook& playbook, const Profile& profile) {
  if (!playbook.profiling_purpose.has_value()) return true;
  const segmentation::Consent* consent = segmentation::FindConsent(profile, *playbook.profiling_purpose);
  return consent != nullptr && consent->granted;
}

bool Gives(const PlacementDecision& decision, int action) {
  return std::any_of(decision.chosen.begin(), decision.chosen.end(),
                     [action](const Chosen& chosen) { return chosen.action == action; });
}

// An action that may be given. Candidates are many and large; what is sorted is small.
struct Ranked {
  double priority = 0;
  int action = kNone;
};

// One decision under way: the customer's evaluation, and what has been given so far.
class Decider {
 public:
  // `profile` decides; `binds` has the consents and contacts that hold all the same.
  Decider(const playbook::Playbook& playbook, const Profile& profile, const Profile& binds, const Request& request,
          absl::Time now)
      : playbook_(playbook),
        request_(request),
        evaluation_(playbook, profile, request.context, now),
        positions_(Resolve()),
        gains_(positions_, evaluation_),
        eligibility_(request, binds, positions_, evaluation_),
        experiments_(evaluation_, request.unit),
        policy_(playbook, binds, request.contacts_known, request.decision_id, now),
        budgets_(playbook, binds, request),
        slate_(playbook),
        locales_(LocaleChain(request.locale, playbook.default_locale)) {
    for (int placement : request.placements) {
      for (int action : policy_.Retained(placement).value_or(std::vector<int>())) slate_.Take(action);
    }
  }

  Decision Decide() {
    Decision decision;
    for (int placement : request_.placements) decision.placements.push_back(Fill(placement, decision.contacts));
    decision.positions = std::move(positions_);
    decision.units = budgets_.TakeAll();
    decision.arms = experiments_.arms();
    decision.reasons = reasons_;
    return decision;
  }

 private:
  std::vector<JourneyPosition> Resolve();
  PlacementDecision Fill(int placement, std::vector<segmentation::Contact>& contacts);
  // Gives again what an earlier try of this decision gave.
  PlacementDecision Repeat(int placement, const std::vector<int>& actions);
  // What may be given, best first; with `explain`, every action is a candidate of the decision from here on.
  std::vector<Ranked> Rank(int placement, PlacementDecision& decision);
  // The first reason against the candidate, or kChosen where it may be ranked; fills factors and priority then.
  Candidate Examine(int action, int placement);
  Reason Filter(int action, int placement, std::string* detail);
  // What depends on what was given before in this call.
  Reason FilterAgain(int action, int placement, std::string* detail);
  // Gives the candidate, with its bundle, where that is possible.
  Reason Give(Candidate& candidate, size_t slots, PlacementDecision& decision);
  Reason GiveOne(Candidate& candidate, PlacementDecision& decision);
  Reason GiveBundle(Candidate& candidate, PlacementDecision& decision);
  void Fallback(const Placement& placement, PlacementDecision& decision);
  absl::StatusOr<absl::optional<Content>> ContentOf(int action, const Placement& placement);
  void SortByName(std::vector<Candidate>& candidates) const;
  std::string* DetailOf(Candidate& candidate) const { return request_.explain ? &candidate.detail : nullptr; }

  const playbook::Playbook& playbook_;
  const Request& request_;
  playbook::Evaluation evaluation_;
  std::vector<JourneyPosition> positions_;
  StageGains gains_;
  Eligibility eligibility_;
  Experiments experiments_;
  ContactPolicy policy_;
  Budgets budgets_;
  Slate slate_;
  const std::vector<std::string> locales_;  // to try for texts
  std::array<uint32_t, kReasons> reasons_{};
};

std::vector<JourneyPosition> Decider::Resolve() {
  std::vector<uint64_t> own;
  for (int placement : request_.placements)
    own.push_back(ContactKey(request_.decision_id, playbook_.placements[placement].id));
  evaluation_.frame().set_contacts(request_.contacts_known, std::move(own));
  std::vector<JourneyPosition> positions = journey::Resolve(evaluation_);
  for (const JourneyPosition& position : positions) {
    // Moving the vector leaves its elements where they are.
    if (position.journey == playbook_.facts->primary_journey()) evaluation_.frame().set_position(&position);
  }
  return positions;
}

Reason Decider::Filter(int index, int placement, std::string* detail) {
  const Action& action = playbook_.actions[index];
  Reason reason = eligibility_.Check(action, placement, detail);
  if (reason == Reason::kChosen) reason = policy_.Check(index, playbook_.placements[placement].channel, detail);
  if (reason == Reason::kChosen) reason = budgets_.Check(index, placement, detail);
  if (reason == Reason::kChosen && experiments_.Excludes(action, index, detail)) reason = Reason::kExperiment;
  if (reason == Reason::kChosen && experiments_.IsHeldOut(detail)) reason = Reason::kHoldOut;
  return reason;
}

Reason Decider::FilterAgain(int index, int placement, std::string* detail) {
  Reason reason = slate_.Check(index, detail);
  if (reason == Reason::kChosen) reason = policy_.Check(index, playbook_.placements[placement].channel, detail);
  if (reason == Reason::kChosen) reason = budgets_.Check(index, placement, detail);
  return reason;
}

Candidate Decider::Examine(int index, int placement) {
  Candidate candidate{.action = index};
  candidate.reason = Filter(index, placement, DetailOf(candidate));
  if (candidate.reason != Reason::kChosen) return candidate;
  candidate.factors = Score(index, experiments_, gains_, evaluation_, DetailOf(candidate));
  if (candidate.factors.has_value()) candidate.priority = Priority(*candidate.factors, experiments_.arbitration());
  if (!candidate.factors.has_value() || !std::isfinite(candidate.priority)) {
    candidate.priority = 0;
    candidate.reason = Reason::kValueError;
  }
  return candidate;
}

absl::StatusOr<absl::optional<Content>> Decider::ContentOf(int index, const Placement& placement) {
  const Action& action = playbook_.actions[index];
  return Render(action, placement.channel, locales_, experiments_.VariantOf(action, index), evaluation_);
}

Reason Decider::Give(Candidate& candidate, size_t slots, PlacementDecision& decision) {
  const std::vector<int>& bundle = playbook_.actions[candidate.action].bundle;
  if (bundle.empty()) return GiveOne(candidate, decision);
  // A member may have been given by itself, before the one that brings it.
  const auto needed =
      1 + std::count_if(bundle.begin(), bundle.end(), [&decision](int member) { return !Gives(decision, member); });
  if (static_cast<size_t>(needed) > slots - decision.chosen.size()) {
    if (std::string* detail = DetailOf(candidate)) *detail = absl::StrCat("it takes ", needed, " slots");
    return Reason::kBundle;
  }
  return GiveBundle(candidate, decision);
}

Reason Decider::GiveOne(Candidate& candidate, PlacementDecision& decision) {
  const Placement& placement = playbook_.placements[decision.placement];
  const Reason reason = FilterAgain(candidate.action, decision.placement, DetailOf(candidate));
  if (reason != Reason::kChosen) return reason;
  absl::StatusOr<absl::optional<Content>> content = ContentOf(candidate.action, placement);
  if (!content.ok()) {
    if (std::string* detail = DetailOf(candidate)) *detail = std::string(content.status().message());
    return Reason::kContentError;
  }
  policy_.Take(candidate.action, placement.channel);
  budgets_.Take(candidate.action, decision.placement);
  slate_.Take(candidate.action);
  decision.chosen.push_back({candidate.action, candidate.priority, false, *std::move(content)});
  return Reason::kChosen;
}

Reason Decider::GiveBundle(Candidate& candidate, PlacementDecision& decision) {
  const size_t policy = policy_.size();
  const size_t budgets = budgets_.size();
  const size_t slate = slate_.size();
  const size_t chosen = decision.chosen.size();
  Reason reason = GiveOne(candidate, decision);
  for (int member : playbook_.actions[candidate.action].bundle) {
    if (reason != Reason::kChosen) break;
    if (Gives(decision, member)) continue;
    Candidate along = Examine(member, decision.placement);
    if (along.reason == Reason::kChosen) along.reason = GiveOne(along, decision);
    if (along.reason == Reason::kChosen) continue;
    reason = Reason::kBundle;
    if (std::string* detail = DetailOf(candidate)) *detail = playbook_.actions[member].name;
  }
  if (reason == Reason::kChosen) return reason;
  policy_.Rewind(policy);
  budgets_.Rewind(budgets);
  slate_.Rewind(slate);
  decision.chosen.resize(chosen);
  return reason;
}

void Decider::Fallback(const Placement& placement, PlacementDecision& decision) {
  if (placement.fallback == kNone) return;
  const Action& action = playbook_.actions[placement.fallback];
  if (eligibility_.CheckConsent(action, placement.channel, nullptr) != Reason::kChosen) return;
  if (action.kind != playbook::ActionKind::kNone && policy_.IsQuiet(placement.channel, nullptr)) return;
  absl::StatusOr<absl::optional<Content>> content = ContentOf(placement.fallback, placement);
  decision.chosen.push_back({placement.fallback, 0, true, content.ok() ? *std::move(content) : absl::nullopt});
  for (Candidate& candidate : decision.candidates) {
    if (candidate.action == placement.fallback) candidate.reason = Reason::kFallback;
  }
}

void Decider::SortByName(std::vector<Candidate>& candidates) const {
  std::sort(candidates.begin(), candidates.end(), [this](const Candidate& a, const Candidate& b) {
    return playbook_.actions[a.action].name < playbook_.actions[b.action].name;
  });
}

PlacementDecision Decider::Repeat(int index, const std::vector<int>& actions) {
  const Placement& placement = playbook_.placements[index];
  PlacementDecision decision{.placement = index};
  for (int action : actions) {
    if (eligibility_.CheckConsent(playbook_.actions[action], placement.channel, nullptr) != Reason::kChosen) continue;
    absl::StatusOr<absl::optional<Content>> content = ContentOf(action, placement);
    const absl::optional<Factors> factors = Score(action, experiments_, gains_, evaluation_, nullptr);
    const double priority = factors.has_value() ? Priority(*factors, experiments_.arbitration()) : 0;
    decision.chosen.push_back(
        {action, std::isfinite(priority) ? priority : 0, false, content.ok() ? *std::move(content) : absl::nullopt});
  }
  for (size_t i = 0; i < playbook_.actions.size() && request_.explain; ++i) {
    const bool given = Gives(decision, static_cast<int>(i));
    Candidate candidate = Examine(static_cast<int>(i), index);
    if (given || candidate.reason == Reason::kChosen) {
      candidate.reason = given ? Reason::kChosen : Reason::kOutranked;
      candidate.probability = given ? 1 : 0;
      candidate.detail =
          given ? "an earlier try of this decision gave it" : "an earlier try of this decision gave others";
    }
    decision.candidates.push_back(std::move(candidate));
  }
  SortByName(decision.candidates);
  if (decision.chosen.empty()) Fallback(placement, decision);
  return decision;
}

std::vector<Ranked> Decider::Rank(int index, PlacementDecision& decision) {
  std::vector<Ranked> ranked;
  const auto examine = [&](int action) {
    Candidate candidate = Examine(action, index);
    if (candidate.reason == Reason::kChosen) {
      ranked.push_back({candidate.priority, action});
    } else {
      ++reasons_[static_cast<size_t>(candidate.reason)];
    }
    if (request_.explain) decision.candidates.push_back(std::move(candidate));
  };
  if (request_.explain) {
    for (size_t i = 0; i < playbook_.actions.size(); ++i) examine(static_cast<int>(i));
  } else if (!experiments_.IsHeldOut(nullptr)) {
    const std::vector<int> candidates = eligibility_.Candidates(playbook_.placements[index]);
    ranked.reserve(candidates.size());
    for (int action : candidates) examine(action);
  }
  std::sort(ranked.begin(), ranked.end(), [&](const Ranked& a, const Ranked& b) {
    return a.priority != b.priority ? a.priority > b.priority
                                    : playbook_.actions[a.action].name < playbook_.actions[b.action].name;
  });
  return ranked;
}

PlacementDecision Decider::Fill(int index, std::vector<segmentation::Contact>& contacts) {
  if (const absl::optional<std::vector<int>> retained = policy_.Retained(index); retained.has_value())
    return Repeat(index, *retained);
  const Placement& placement = playbook_.placements[index];
  PlacementDecision decision{.placement = index};
  policy_.Begin(index);
  const size_t slots = request_.max_actions > 0 ? request_.max_actions : placement.slots;
  for (const Ranked& each : Rank(index, decision)) {
    const bool full = decision.chosen.size() >= slots;
    if (full && !request_.explain) break;
    Candidate unexplained{.action = each.action, .priority = each.priority};
    // With `explain` all actions are there, in the playbook's order.
    Candidate& candidate = request_.explain ? decision.candidates[static_cast<size_t>(each.action)] : unexplained;
    if (Gives(decision, each.action)) {
      candidate.reason = Reason::kChosen;  // in a bundle
    } else {
      candidate.reason = full ? Reason::kOutranked : Give(candidate, slots, decision);
    }
    candidate.probability = candidate.reason == Reason::kChosen ? 1 : 0;
    ++reasons_[static_cast<size_t>(candidate.reason)];
  }
  SortByName(decision.candidates);
  if (decision.chosen.empty()) Fallback(placement, decision);
  for (segmentation::Contact& contact : ContactsOf(playbook_, decision, request_.decision_id, evaluation_.now()))
    contacts.push_back(contact);
  return decision;
}

}  // namespace

uint64_t ContactKey(absl::string_view decision_id, segmentation::NameId placement) {
  constexpr uint64_t kOfDecision = uint64_t{0xff} << 56;
  return (segmentation::StableHash(decision_id) & kOfDecision) |
         (segmentation::StableHash(decision_id, static_cast<uint32_t>(placement)) & ~kOfDecision);
}

Profile WhatBinds(const playbook::Playbook& playbook, const Profile& profile) {
  Profile binds;
  binds.created = profile.created;
  binds.consents = profile.consents;
  binds.contacts = profile.contacts;
  binds.outcomes = profile.outcomes;
  if (!playbook.time_zone_trait.has_value()) return binds;
  const segmentation::Trait* zone = segmentation::FindTrait(profile, *playbook.time_zone_trait);
  if (zone != nullptr) binds.traits.push_back(*zone);
  return binds;
}

Decision Decide(const playbook::Playbook& playbook, const Profile& profile, const Request& request, absl::Time now) {
  if (MayLookAt(playbook, profile)) return Decider(playbook, profile, profile, request, now).Decide();
  const Profile binds = WhatBinds(playbook, profile);
  Profile decides = binds;
  decides.traits.clear();
  decides.outcomes.clear();
  decides.contacts.clear();
  Decision decision = Decider(playbook, decides, binds, request, now).Decide();
  decision.from_context = true;
  return decision;
}

}  // namespace waymark::decision
