#ifndef WAYMARK_TESTS_SUPPORT_FAKE_BUDGET_STORE_H_
#define WAYMARK_TESTS_SUPPORT_FAKE_BUDGET_STORE_H_

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "service/base/clock.h"
#include "service/store/budget_account.h"
#include "service/store/budget_store.h"
#include "tests/support/fake_store.h"

namespace waymark::testing_support {

// Budgets in memory, by a clock that the test moves. Calls back before it returns.
// Thread-safe.
class FakeBudgetStore final : public store::BudgetStore {
 public:
  // Borrows the clock.
  explicit FakeBudgetStore(const base::Clock& clock) : clock_(clock) {}

  void Lease(const store::BudgetKey& key, const store::LeaseRequest& request, absl::Time deadline,
             LeaseDone done) override;
  void Hold(const store::HoldRequest& request, absl::Time deadline, Done done) override;
  void ChangeHolds(absl::string_view tenant, absl::string_view decision, store::HoldChange change, absl::Time deadline,
                   Done done) override;
  void Read(const store::BudgetKey& key, absl::Time deadline, UseDone done) override;

  // Every call is answered with this from now on; OK: works again.
  void FailWith(absl::Status status);
  // nullptr: none.
  void SetOutage(std::shared_ptr<Outage> outage);

  // How often a lease was asked for.
  int leases() const;

 private:
  using HoldKey = std::pair<std::string, std::string>;               // tenant, decision
  using AccountKey = std::tuple<std::string, std::string, int64_t>;  // tenant, budget, period

  // Whether a call is done at all.
  absl::Status Check(absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What the caller hears of it.
  template <typename T>
  absl::StatusOr<T> Heard(absl::StatusOr<T> answer) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (heard_) return answer;
    return absl::UnavailableError("the answer was lost");
  }
  bool Begin(const store::HoldRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const base::Clock& clock_;
  mutable absl::Mutex mutex_;
  std::map<AccountKey, store::BudgetAccount> accounts_ ABSL_GUARDED_BY(mutex_);
  std::map<HoldKey, store::DecisionHolds> holds_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Outage> outage_ ABSL_GUARDED_BY(mutex_);
  bool heard_ ABSL_GUARDED_BY(mutex_) = true;
  int leases_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_FAKE_BUDGET_STORE_H_
