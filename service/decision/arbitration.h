#ifndef WAYMARK_SERVICE_DECISION_ARBITRATION_H_
#define WAYMARK_SERVICE_DECISION_ARBITRATION_H_

#include "absl/types/optional.h"
#include "service/decision/decision.h"
#include "service/playbook/evaluation.h"

namespace waymark::decision {

// The factors of an action's priority, with those that are switched off at 1. nullopt where its value's rule errs.
absl::optional<Factors> Score(const playbook::Action& action, playbook::Evaluation& evaluation);

// propensity^a x context weight x value x lever, with the playbook's a (0 switches propensity off).
double Priority(const Factors& factors, const playbook::Arbitration& arbitration);

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_ARBITRATION_H_
