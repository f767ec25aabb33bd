#include "service/decision/budgets.h"

#include <algorithm>

namespace waymark::decision {

bool Budgets::HasAlready(int action, int placement) const {
  if (profile_.contacts.empty()) return false;
  const segmentation::NameId id = playbook_.actions[action].id;
  const uint64_t key = ContactKey(request_.decision_id, playbook_.placements[placement].id);
  return std::any_of(profile_.contacts.begin(), profile_.contacts.end(), [&](const segmentation::Contact& contact) {
    return contact.decision == key && contact.action == id;
  });
}

Reason Budgets::Check(int action, int placement, std::string* detail) const {
  const std::vector<int>& needed = playbook_.actions[action].budgets;
  if (needed.empty() || HasAlready(action, placement)) return Reason::kChosen;
  for (int budget : needed) {
    const size_t index = static_cast<size_t>(budget);
    const int there = index < request_.budgets.size() ? request_.budgets[index] : kBudgetUnknown;
    const auto used = std::count_if(taken_.begin(), taken_.end(),
                                    [budget](const TakenUnit& taken) { return taken.budget == budget; });
    if (there > used) continue;
    if (detail != nullptr) *detail = playbook_.budgets[index].name;
    return there < 0 ? Reason::kBudgetUnknown : Reason::kBudget;
  }
  return Reason::kChosen;
}

void Budgets::Take(int action, int placement) {
  if (playbook_.actions[action].budgets.empty() || HasAlready(action, placement)) return;
  for (int budget : playbook_.actions[action].budgets) taken_.push_back({budget, action, placement});
}

}  // namespace waymark::decision
