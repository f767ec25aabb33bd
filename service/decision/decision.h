#ifndef WAYMARK_SERVICE_DECISION_DECISION_H_
#define WAYMARK_SERVICE_DECISION_DECISION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "segmentation/facts.h"
#include "segmentation/profile.h"
#include "service/playbook/playbook.h"

namespace waymark::decision {

// What is asked. Indexes are the playbook's.
struct Request {
  std::vector<int> placements;  // in the order in which they are filled; each once
  std::string locale;           // lower case; empty: the playbook's default
  segmentation::Context context;
  std::string decision_id;
  // Whom experiments put into an arm: a hash of the customer's id, of the decision's for an anonymous visitor.
  uint64_t unit = 0;
  absl::optional<playbook::ActionKind> kind;  // only actions of this kind (a fallback may be of any)
  int max_actions = 0;                        // for each placement; 0: its slots
  bool explain = false;
  // False where the profile could not be read: then no action that a limit counts is given.
  bool contacts_known = true;
  // How many units of each budget this decision may take, by the playbook's index; kBudgetUnknown, and what is beyond
  // the end: nothing is known, so that nothing is given from it.
  std::vector<int8_t> budgets;
};

inline constexpr int8_t kBudgetUnknown = -1;

// What became of a candidate. The order is the order of the filters.
enum class Reason {
  kKind,
  kPlacement,
  kChannel,
  kValidity,
  kStage,
  kEligibility,
  kApplicability,
  kSuitability,
  kRuleError,
  kConsent,
  kSuppressed,
  kNotAfter,
  kLimitUnknown,
  kLimit,
  kQuietHours,
  kBudget,
  kBudgetUnknown,
  kExperiment,
  kHoldOut,
  kValueError,
  kContentError,
  kSlate,
  kBundle,
  kOutranked,
  kChosen,
  kFallback,
};
inline constexpr size_t kReasons = static_cast<size_t>(Reason::kFallback) + 1;

// The factors of a priority; 1 where one is switched off.
struct Factors {
  double propensity = 1;
  double context_weight = 1;
  double value = 1;  // whole units of the playbook's currency
  double lever = 1;
};

struct Candidate {
  int action = playbook::kNone;
  Reason reason = Reason::kOutranked;
  std::string detail;  // what decided it, without a trait's value
  absl::optional<Factors> factors;
  double priority = 0;
  double probability = 0;  // that it was chosen; 1 or 0, for nothing is left to chance
};

// A treatment with its values filled in, escaped for the channel's content type.
struct Content {
  std::string locale;
  std::string variant;
  playbook::ContentType content_type = playbook::ContentType::kText;
  std::string subject;
  std::string body;
  std::string image_url;
  std::string link_url;
};

struct Chosen {
  int action = playbook::kNone;
  double priority = 0;
  bool fallback = false;
  absl::optional<Content> content;
};

// The answer for one placement.
struct PlacementDecision {
  int placement = playbook::kNone;
  std::vector<Chosen> chosen;         // best first
  std::vector<Candidate> candidates;  // with `explain`: every action, by name
};

// A unit that an action takes from a budget.
struct TakenUnit {
  int budget = playbook::kNone;
  int action = playbook::kNone;
  int placement = playbook::kNone;

  friend bool operator==(const TakenUnit&, const TakenUnit&) = default;
};

// The arm of an experiment, by the playbook's indexes.
struct InArm {
  int experiment = playbook::kNone;
  int arm = playbook::kNone;

  friend bool operator==(const InArm&, const InArm&) = default;
};

// The answer for all placements of a request.
struct Decision {
  std::vector<PlacementDecision> placements;
  std::vector<segmentation::JourneyPosition> positions;  // as resolved for this decision
  // What counts against limits now that it is decided (placements that count on decision).
  std::vector<segmentation::Contact> contacts;
  // What it takes from budgets, but for what an earlier try of it took.
  std::vector<TakenUnit> units;
  // The arms that the unit is in, in the order of the playbook.
  std::vector<InArm> arms;
  // How many candidates had each reason, in all placements, of those that were looked at: every action with `explain`,
  // else those of the placement and the stage, until it was full.
  std::array<uint32_t, kReasons> reasons{};
  // The customer does not consent to profiling: what is known of the customer did not decide, but for consents,
  // contacts and what they led to.
  bool from_context = false;
};

// Names a contact's decision and placement: a retry of the same decision makes the same contacts, and no others. The
// highest byte is the decision's alone, so that what is kept by decision is found by a token, which holds this.
uint64_t ContactKey(absl::string_view decision_id, segmentation::NameId placement);

// What may be known of a customer who does not consent to profiling: what binds the shop (consents, contacts, the
// outcomes that suppress, the time zone). It is all that Decide then looks at.
segmentation::Profile WhatBinds(const playbook::Playbook& playbook, const segmentation::Profile& profile);

// Decides what to do next for a customer. A pure function of its arguments: the same on every machine, whatever the
// order of actions in the playbook; equal priorities go by name.
//
// Candidates pass the filters in the order of Reason; the first against one is its reason. What is left is ranked by
//     priority = propensity^a x context weight x value x lever
// and fills the placements in turn. No action is given twice in one request; limits count what is given. A placement
// for which nothing is left gives its fallback, which only the channel's consent and its quiet hours can keep back.
// A retry, of which the profile holds what an earlier try of the same decision id gave in a placement, is given the
// same in the same order, whatever has changed since but the customer's consents, and counts nothing more.
//
// O(candidates log candidates); each rule and fact once. With `explain` O(all actions).
Decision Decide(const playbook::Playbook& playbook, const segmentation::Profile& profile, const Request& request,
                absl::Time now);

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_DECISION_H_
