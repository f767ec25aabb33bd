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

absl::optional<Factors> Score(int index, const Experiments& experiments, StageGains& gains,
                              playbook::Evaluation& evaluation, std::string* detail) {
  const playbook::Playbook& playbook = evaluation.playbook();
  const playbook::Action& action = playbook.actions[static_cast<size_t>(index)];
  const playbook::Arbitration& arbitration = experiments.arbitration();
  Factors factors;
  factors.propensity = arbitration.propensity_exponent == 0 ? 1 : action.propensity;
  if (arbitration.use_context_weight) {
    for (const playbook::ContextWeight& weight : action.context_weights) {
      if (evaluation.Holds(weight.when)) factors.context_weight *= weight.weight;
    }
  }
  if (arbitration.use_value) {
    absl::optional<double> worth = action.value;
    if (action.value_of != playbook::kNone) {
      const expression::Value& value = evaluation.Rule(action.value_of);
      worth = AsWorth(value);
      if (!worth.has_value() && detail != nullptr)
        *detail = value.is_error() ? std::string(value.string_value()) : "the value is not finite";
    }
    if (action.moves_to.has_value()) worth = gains.Of(*action.moves_to, detail);
    if (!worth.has_value()) return absl::nullopt;
    factors.value = *worth;
  }
  if (arbitration.use_lever) {
    factors.lever = action.lever * experiments.LeverOf(action, index);
    if (action.group != playbook::kNone) factors.lever *= playbook.groups[static_cast<size_t>(action.group)].lever;
  }
  return factors;
}

double Priority(const Factors& factors, const playbook::Arbitration& arbitration) {
  const double a = arbitration.propensity_exponent;
  const double propensity = a == 1 ? factors.propensity : std::pow(factors.propensity, a);
  return propensity * factors.context_weight * factors.value * factors.lever;
}

}  // namespace waymark::decision
