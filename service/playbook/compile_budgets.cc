#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/playbook/compiler.h"

namespace waymark::playbook {
namespace {

constexpr int64_t kMaxAmount = 1'000'000'000'000;

}  // namespace

void Compiler::CompileBudgets() {
  for (int i = 0; i < source_.budgets_size(); ++i) {
    const v1::Budget& source = source_.budgets(i);
    const std::string field = absl::StrCat("budgets[", i, "]");
    budgets_.Add(field + ".name", source.name());
    Budget budget{.name = source.name(), .amount = source.amount(), .period = ToPeriod(source.period())};
    if (source.amount() < 0 || source.amount() > kMaxAmount) problems_.Add(field + ".amount", "0 to 10^12");
    if (source.has_hold()) budget.hold = ToDuration(source.hold());
    if (budget.hold < absl::Minutes(1) || budget.hold > absl::Hours(24 * 30))
      problems_.Add(field + ".hold", "1 minute to 30 days");
    playbook_->budgets.push_back(std::move(budget));
  }
  for (int i = 0; i < source_.actions_size(); ++i) {
    CompileBudgetsOfAction(absl::StrCat("actions[", i, "].budgets"), source_.actions(i),
                           playbook_->actions[static_cast<size_t>(i)]);
  }
  for (int i = 0; i < source_.placements_size(); ++i) CheckBudgetsOfPlacement(i);
}

void Compiler::CompileBudgetsOfAction(const std::string& field, const v1::Action& source, Action& action) {
  if (source.budgets_size() > 8) problems_.Add(field, "at most 8");
  if (action.kind == ActionKind::kNone && source.budgets_size() > 0)
    problems_.Add(field, "doing nothing takes from no budget");
  for (int i = 0; i < source.budgets_size(); ++i) {
    const std::string each = absl::StrCat(field, "[", i, "]");
    const int budget = budgets_.Find(each, source.budgets(i));
    if (budget < 0) continue;
    if (std::find(action.budgets.begin(), action.budgets.end(), budget) != action.budgets.end()) {
      problems_.Add(each, absl::StrCat("`", source.budgets(i), "` is given twice"));
      continue;
    }
    action.budgets.push_back(budget);
  }
}

void Compiler::CheckBudgetsOfPlacement(int index) {
  Placement& placement = playbook_->placements[static_cast<size_t>(index)];
  if (placement.fallback >= 0 && !playbook_->actions[static_cast<size_t>(placement.fallback)].budgets.empty()) {
    problems_.Add(absl::StrCat("placements[", index, "].fallback"),
                  absl::StrCat("a fallback must always be valid, and `",
                               playbook_->actions[static_cast<size_t>(placement.fallback)].name, "` has budgets"));
  }
  std::vector<int> actions(playbook_->budgets.size(), 0);
  for (int candidate : placement.candidates) {
    for (int budget : playbook_->actions[static_cast<size_t>(candidate)].budgets)
      ++actions[static_cast<size_t>(budget)];
  }
  for (size_t i = 0; i < actions.size(); ++i) {
    if (actions[i] > 0) placement.budgets.push_back({static_cast<int>(i), actions[i]});
  }
}

}  // namespace waymark::playbook
