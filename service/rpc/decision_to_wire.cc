#include <string>

#include "service/rpc/positions_to_wire.h"
#include "service/rpc/to_wire.h"
#include "service/rpc/wire_values.h"

namespace waymark::rpc {
namespace {

v1::ActionKind KindToWire(playbook::ActionKind kind) {
  switch (kind) {
    case playbook::ActionKind::kOffer:
      return v1::ACTION_KIND_OFFER;
    case playbook::ActionKind::kContent:
      return v1::ACTION_KIND_CONTENT;
    case playbook::ActionKind::kService:
      return v1::ACTION_KIND_SERVICE;
    case playbook::ActionKind::kNone:
      return v1::ACTION_KIND_NONE;
  }
  return v1::ACTION_KIND_UNSPECIFIED;
}

v1::ContentType ContentTypeToWire(playbook::ContentType type) {
  switch (type) {
    case playbook::ContentType::kText:
      return v1::CONTENT_TYPE_TEXT;
    case playbook::ContentType::kHtml:
      return v1::CONTENT_TYPE_HTML;
    case playbook::ContentType::kJson:
      return v1::CONTENT_TYPE_JSON;
  }
  return v1::CONTENT_TYPE_UNSPECIFIED;
}

v1::Knowledge KnowledgeToWire(engine::Knowledge knowledge) {
  switch (knowledge) {
    case engine::Knowledge::kNoConsent:
      return v1::KNOWLEDGE_CONTEXT_NO_CONSENT;
    case engine::Knowledge::kStaleProfile:
      return v1::KNOWLEDGE_STALE_PROFILE;
    case engine::Knowledge::kProfile:
      return v1::KNOWLEDGE_PROFILE;
    case engine::Knowledge::kUnknownCustomer:
      return v1::KNOWLEDGE_CONTEXT_UNKNOWN_CUSTOMER;
    case engine::Knowledge::kStoreUnavailable:
      return v1::KNOWLEDGE_CONTEXT_STORE_UNAVAILABLE;
    case engine::Knowledge::kProfileUnusable:
      return v1::KNOWLEDGE_CONTEXT_PROFILE_UNUSABLE;
  }
  return v1::KNOWLEDGE_UNSPECIFIED;
}

void ContentToWire(const decision::Content& content, v1::Content& wire) {
  wire.set_locale(content.locale);
  wire.set_variant(content.variant);
  wire.set_content_type(ContentTypeToWire(content.content_type));
  wire.set_subject(content.subject);
  wire.set_body(content.body);
  wire.set_image_url(content.image_url);
  wire.set_link_url(content.link_url);
}

void ChosenToWire(const decision::Chosen& chosen, const std::string& token, const playbook::Playbook& playbook,
                  v1::DecidedAction& wire) {
  const playbook::Action& action = playbook.actions[chosen.action];
  wire.set_action(action.name);
  wire.set_kind(KindToWire(action.kind));
  if (chosen.content.has_value()) ContentToWire(*chosen.content, *wire.mutable_content());
  wire.set_priority(chosen.priority);
  wire.set_token(token);
  wire.set_fallback(chosen.fallback);
}

void CandidateToWire(const decision::Candidate& candidate, const playbook::Playbook& playbook, v1::Candidate& wire) {
  wire.set_action(playbook.actions[candidate.action].name);
  wire.set_reason(ToWire(candidate.reason));
  wire.set_detail(candidate.detail);
  if (candidate.factors.has_value()) {
    v1::Factors& factors = *wire.mutable_factors();
    factors.set_propensity(candidate.factors->propensity);
    factors.set_context_weight(candidate.factors->context_weight);
    factors.set_value(candidate.factors->value);
    factors.set_lever(candidate.factors->lever);
  }
  wire.set_priority(candidate.priority);
  wire.set_probability(candidate.probability);
}

// The placement of this index in the answer.
void DecisionToWire(const engine::DecideAnswer& answer, size_t index, v1::Decision& wire) {
  const playbook::Playbook& playbook = *answer.playbook;
  const decision::PlacementDecision& placement = answer.decision.placements[index];
  wire.set_decision_id(answer.decision_id);
  wire.set_placement(playbook.placements[placement.placement].name);
  for (size_t i = 0; i < placement.chosen.size(); ++i) {
    ChosenToWire(placement.chosen[i], answer.tokens[index][i], playbook, *wire.add_actions());
  }
  for (const decision::Candidate& candidate : placement.candidates) {
    CandidateToWire(candidate, playbook, *wire.add_candidates());
  }
  wire.set_playbook_version(playbook.version);
  TimeToWire(answer.decided_at, *wire.mutable_decided_at());
  wire.set_knowledge(KnowledgeToWire(answer.knowledge));
  if (answer.knowledge == engine::Knowledge::kStaleProfile) {
    TimeToWire(answer.profile_at, *wire.mutable_profile_read_at());
  }
  PositionsToWire(answer.decision.positions, playbook, *wire.mutable_positions());
  for (const decision::InArm in : answer.decision.arms) {
    const playbook::Experiment& experiment = playbook.experiments[static_cast<size_t>(in.experiment)];
    v1::ExperimentArm& arm = *wire.add_arms();
    arm.set_experiment(experiment.name);
    arm.set_arm(experiment.arms[static_cast<size_t>(in.arm)].name);
  }
}

void PlacementToWire(const store::LoggedPlacement& placement, const playbook::Playbook* playbook,
                     v1::LoggedPlacement& wire) {
  const auto name = [playbook](segmentation::NameId id) {
    return playbook == nullptr ? std::string() : std::string(playbook::NameOf(*playbook, id));
  };
  wire.set_placement(name(placement.placement));
  for (size_t i = 0; i < placement.actions.size(); ++i) {
    v1::LoggedAction& action = *wire.add_actions();
    action.set_action(name(placement.actions[i]));
    action.set_priority(placement.priorities[i]);
    action.set_fallback(placement.fallback);
  }
}

template <typename Response>
void ReceiptsToWire(const engine::DecideAnswer& answer, Response& wire) {
  for (const engine::Receipt& receipt : answer.receipts) ToWire(receipt, *answer.playbook, *wire.add_receipts());
}

}  // namespace

v1::ReasonCode ToWire(decision::Reason reason) {
  switch (reason) {
    case decision::Reason::kKind:
      return v1::REASON_CODE_KIND;
    case decision::Reason::kPlacement:
      return v1::REASON_CODE_PLACEMENT;
    case decision::Reason::kChannel:
      return v1::REASON_CODE_CHANNEL;
    case decision::Reason::kValidity:
      return v1::REASON_CODE_VALIDITY;
    case decision::Reason::kStage:
      return v1::REASON_CODE_STAGE;
    case decision::Reason::kEligibility:
      return v1::REASON_CODE_ELIGIBILITY;
    case decision::Reason::kApplicability:
      return v1::REASON_CODE_APPLICABILITY;
    case decision::Reason::kSuitability:
      return v1::REASON_CODE_SUITABILITY;
    case decision::Reason::kRuleError:
      return v1::REASON_CODE_RULE_ERROR;
    case decision::Reason::kConsent:
      return v1::REASON_CODE_CONSENT;
    case decision::Reason::kSuppressed:
      return v1::REASON_CODE_SUPPRESSED;
    case decision::Reason::kNotAfter:
      return v1::REASON_CODE_NOT_AFTER;
    case decision::Reason::kLimitUnknown:
      return v1::REASON_CODE_LIMIT_UNKNOWN;
    case decision::Reason::kLimit:
      return v1::REASON_CODE_LIMIT;
    case decision::Reason::kQuietHours:
      return v1::REASON_CODE_QUIET_HOURS;
    case decision::Reason::kBudget:
      return v1::REASON_CODE_BUDGET;
    case decision::Reason::kBudgetUnknown:
      return v1::REASON_CODE_BUDGET_UNKNOWN;
    case decision::Reason::kExperiment:
      return v1::REASON_CODE_EXPERIMENT;
    case decision::Reason::kHoldOut:
      return v1::REASON_CODE_HOLD_OUT;
    case decision::Reason::kValueError:
      return v1::REASON_CODE_VALUE_ERROR;
    case decision::Reason::kContentError:
      return v1::REASON_CODE_CONTENT_ERROR;
    case decision::Reason::kSlate:
      return v1::REASON_CODE_SLATE;
    case decision::Reason::kBundle:
      return v1::REASON_CODE_BUNDLE;
    case decision::Reason::kOutranked:
      return v1::REASON_CODE_OUTRANKED;
    case decision::Reason::kChosen:
      return v1::REASON_CODE_CHOSEN;
    case decision::Reason::kFallback:
      return v1::REASON_CODE_FALLBACK;
  }
  return v1::REASON_CODE_UNSPECIFIED;
}

void ToWire(const engine::DecideAnswer& answer, v1::NextBestActionResponse& wire) {
  DecisionToWire(answer, 0, *wire.mutable_decision());
  ReceiptsToWire(answer, wire);
}

void ToWire(const engine::DecideAnswer& answer, v1::GetOffersResponse& wire) {
  DecisionToWire(answer, 0, *wire.mutable_decision());
  ReceiptsToWire(answer, wire);
}

void ToWire(const engine::DecideAnswer& answer, v1::GetContentResponse& wire) {
  for (size_t i = 0; i < answer.decision.placements.size(); ++i) DecisionToWire(answer, i, *wire.add_decisions());
  ReceiptsToWire(answer, wire);
}

void ToWire(const engine::DecideAnswer& answer, google::protobuf::RepeatedPtrField<v1::Decision>& wire) {
  for (size_t i = 0; i < answer.decision.placements.size(); ++i) DecisionToWire(answer, i, *wire.Add());
}

void ToWire(const batch::ExportedDecision& exported, v1::LoggedDecision& wire) {
  const store::LoggedDecision& decision = exported.decision;
  wire.set_decision_id(decision.decision_id);
  wire.set_customer(decision.customer);
  TimeToWire(decision.decided_at, *wire.mutable_decided_at());
  wire.set_playbook_version(decision.playbook_version);
  wire.set_population_version(decision.population_version);
  wire.set_knowledge(KnowledgeToWire(static_cast<engine::Knowledge>(decision.knowledge)));
  for (const store::LoggedPlacement& placement : decision.placements) {
    PlacementToWire(placement, exported.playbook.get(), *wire.add_placements());
  }
  wire.set_record(exported.record);
}

}  // namespace waymark::rpc
