#include "service/playbook/playbook.h"

#include <algorithm>
#include <utility>

namespace waymark::playbook {

bool FitsPlacement(const Action& action, int placement) {
  return action.placements.empty() || std::binary_search(action.placements.begin(), action.placements.end(), placement);
}

bool FitsChannel(const Action& action, int channel) {
  const auto speaks = [channel](const Treatment& treatment) { return treatment.channel == channel; };
  return action.treatments.empty() || std::any_of(action.treatments.begin(), action.treatments.end(), speaks);
}

bool Refuses(const Playbook& playbook, const Action& action, const Action& other) {
  const auto names = [&action](NameId id) {
    return std::binary_search(action.never_with.begin(), action.never_with.end(), id);
  };
  if (action.never_with.empty()) return false;
  return names(other.id) || (other.group != kNone && names(playbook.groups[static_cast<size_t>(other.group)].id));
}

bool HasVariant(const Action& action, absl::string_view variant) {
  return std::any_of(action.treatments.begin(), action.treatments.end(),
                     [variant](const Treatment& treatment) { return treatment.variant == variant; });
}

bool Playbook::CountsContacts(int action, int channel) const {
  if (actions[action].kind == ActionKind::kNone) return false;  // doing nothing is no contact
  if (!actions[action].budgets.empty()) return true;
  if (!arbitration.limits.empty() || !actions[action].limits.empty() || actions[action].counted_by_others) return true;
  if (channel != kNone && !channels[channel].limits.empty()) return true;
  return std::any_of(counted_by_rules.begin(), counted_by_rules.end(), [&](NameId id) {
    return id == actions[action].id || (channel != kNone && id == channels[channel].id);
  });
}

std::shared_ptr<const Playbook> WithPopulation(const Playbook& playbook,
                                               std::shared_ptr<const segmentation::Population> population) {
  auto result = std::make_shared<Playbook>(playbook);
  result->population = std::move(population);
  return result;
}

absl::string_view NameOf(const Playbook& playbook, NameId id) {
  auto it = playbook.names.find(id);
  return it == playbook.names.end() ? absl::string_view("unknown") : it->second;
}

}  // namespace waymark::playbook
