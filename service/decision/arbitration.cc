#include "service/decision/arbitration.h"

#include <algorithm>
#include <cmath>

namespace waymark::decision {
namespace {

// A rule's number, at least 0; nullopt where it errs or is not finite.
absl::optional<double> AsWorth(const expression::Value& value) {
  double number = 0;
  switch (value.kind()) {
    case expression::Kind::kInt:
      number = static_cast<double>(value.int_value());
      break;
    case expression::Kind::kUint:
      number = static_cast<double>(value.uint_value());
      break;
    case expression::Kind::kDouble:
      number = value.double_value();
      break;
    default:
      return absl::nullopt;
  }
  if (!std::isfinite(number)) return absl::nullopt;
  return std::max(number, 0.0);
}

}  // namespace

absl::optional<Factors> Score(const playbook::Action& action, playbook::Evaluation& evaluation) {
  const playbook::Arbitration& arbitration = evaluation.playbook().arbitration;
  Factors factors;
  factors.propensity = arbitration.propensity_exponent == 0 ? 1 : action.propensity;
  if (arbitration.use_context_weight) {
    for (const playbook::ContextWeight& weight : action.context_weights) {
      if (evaluation.Holds(weight.when)) factors.context_weight *= weight.weight;
    }
  }
  if (arbitration.use_value) {
    factors.value = action.value;
    if (action.value_of != playbook::kNone) {
      const absl::optional<double> worth = AsWorth(evaluation.Rule(action.value_of));
      if (!worth.has_value()) return absl::nullopt;
      factors.value = *worth;
    }
  }
  if (arbitration.use_lever) factors.lever = action.lever;
  return factors;
}

double Priority(const Factors& factors, const playbook::Arbitration& arbitration) {
  const double a = arbitration.propensity_exponent;
  const double propensity = a == 1 ? factors.propensity : std::pow(factors.propensity, a);
  return propensity * factors.context_weight * factors.value * factors.lever;
}

}  // namespace waymark::decision
