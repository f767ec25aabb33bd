#include "service/decision/arbitration.h"

#include <algorithm>
#include <cmath>

namespace waymark::decision {
namespace {

using segmentation::JourneyPosition;

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

// What the stage that the action moves to is worth more than the customer's; nullopt off the journey.
absl::optional<double> StageGain(const playbook::StageReference& moves_to,
                                 const std::vector<JourneyPosition>& positions, const playbook::Playbook& playbook) {
  const auto index = static_cast<size_t>(std::max(moves_to.journey, 0));
  const playbook::Journey& journey = playbook.journeys[index];
  const auto position = std::find_if(positions.begin(), positions.end(),
                                     [&](const JourneyPosition& at) { return at.journey == journey.id; });
  if (position == positions.end()) return absl::nullopt;
  const auto current = std::find_if(journey.stages.begin(), journey.stages.end(),
                                    [&](const playbook::Stage& stage) { return stage.id == position->current.stage; });
  if (current == journey.stages.end()) return absl::nullopt;
  auto target = current + 1;
  if (moves_to.journey != playbook::kNone) target = journey.stages.begin() + moves_to.stage;
  if (target == journey.stages.end()) return 0.0;
  return std::max(*target->value - *current->value, 0.0);
}

}  // namespace

absl::optional<Factors> Score(int index, const Experiments& experiments, const std::vector<JourneyPosition>& positions,
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
    if (action.moves_to.has_value()) {
      worth = StageGain(*action.moves_to, positions, playbook);
      if (!worth.has_value() && detail != nullptr) *detail = "the customer is not on that journey";
    }
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
