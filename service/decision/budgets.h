#ifndef WAYMARK_SERVICE_DECISION_BUDGETS_H_
#define WAYMARK_SERVICE_DECISION_BUDGETS_H_

#include <string>
#include <vector>

#include "segmentation/profile.h"
#include "service/decision/decision.h"
#include "service/playbook/playbook.h"

namespace waymark::decision {

// What one decision may take from budgets: what the request says there is, less what this decision has taken so far.
// What an earlier try of it took (its contacts say so) it has already. Borrows all it is given. Single-threaded.
class Budgets {
 public:
  Budgets(const playbook::Playbook& playbook, const segmentation::Profile& profile, const Request& request)
      : playbook_(playbook), profile_(profile), request_(request) {}

  // kChosen where each of the action's budgets has a unit for it; otherwise kBudget or kBudgetUnknown. Where `detail`
  // is not null, it is told which budget.
  Reason Check(int action, int placement, std::string* detail) const;

  // The action is given now, in this placement.
  void Take(int action, int placement);

  // All that was taken, in the order in which it was.
  std::vector<TakenUnit> TakeAll() { return std::move(taken_); }

  // How many units were taken, and putting back all but the first `size`.
  size_t size() const { return taken_.size(); }
  void Rewind(size_t size) { taken_.resize(size); }

 private:
  bool HasAlready(int action, int placement) const;

  const playbook::Playbook& playbook_;
  const segmentation::Profile& profile_;
  const Request& request_;
  std::vector<TakenUnit> taken_;
};

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_BUDGETS_H_
