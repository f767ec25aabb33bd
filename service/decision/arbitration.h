#ifndef WAYMARK_SERVICE_DECISION_ARBITRATION_H_
#define WAYMARK_SERVICE_DECISION_ARBITRATION_H_

#include <string>

#include "absl/types/optional.h"
#include "service/decision/decision.h"
#include "service/decision/experiments.h"
#include "service/decision/stage_gain.h"
#include "service/playbook/evaluation.h"

namespace waymark::decision {

// The factors of an action's priority, with those that are switched off at 1. nullopt where its value's rule errs, or
// it is worth a gain in stage value that is not known; then, where `detail` is not null, it is told what was missing.
absl::optional<Factors> Score(int action, const Experiments& experiments, StageGains& gains,
                              playbook::Evaluation& evaluation, std::string* detail);

// propensity^a x context weight x value x lever, with the arbitration's a (0 switches propensity off).
double Priority(const Factors& factors, const playbook::Arbitration& arbitration);

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_ARBITRATION_H_
