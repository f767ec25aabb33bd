#ifndef WAYMARK_TESTS_SERVICE_STORE_BUDGET_SUBJECTS_H_
#define WAYMARK_TESTS_SERVICE_STORE_BUDGET_SUBJECTS_H_

#include <memory>
#include <ostream>
#include <vector>

#include "service/store/budget_store.h"

namespace waymark::testing_support {

// An implementation under the contract suite of budgets, with the world it needs, empty at first.
class BudgetSubject {
 public:
  virtual ~BudgetSubject() = default;
  virtual store::BudgetStore& budgets() = 0;
  // Returns when the store's clock has gone on by more than a second.
  virtual void PassASecond() = 0;
};

// As Implementation of contract_subjects.h.
struct BudgetImplementation {
  const char* name;
  std::unique_ptr<BudgetSubject> (*make)();
};
inline void PrintTo(const BudgetImplementation& implementation, std::ostream* out) { *out << implementation.name; }
std::vector<BudgetImplementation> BudgetImplementations();

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SERVICE_STORE_BUDGET_SUBJECTS_H_
