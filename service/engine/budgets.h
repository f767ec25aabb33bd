#ifndef WAYMARK_SERVICE_ENGINE_BUDGETS_H_
#define WAYMARK_SERVICE_ENGINE_BUDGETS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/base/clock.h"
#include "service/base/metrics.h"
#include "service/base/worker.h"
#include "service/decision/decision.h"
#include "service/engine/requests.h"
#include "service/playbook/playbook.h"
#include "service/store/budget_store.h"

namespace waymark::engine {

class BudgetLease;
struct BudgetWaiter;

// Whose budgets, as of which playbook, and when. Borrows both.
struct BudgetAsk {
  absl::string_view tenant;
  const playbook::Playbook& playbook;
  absl::Time now;
};

// A budget (its index), and how many units a decision may take from it at most.
struct NeededBudget {
  int budget = playbook::kNone;
  int most = 1;
};

// A unit that a decision took, and the lease that it is of.
struct LeasedUnit {
  std::shared_ptr<BudgetLease> lease;
  decision::TakenUnit unit;
};

// A unit that is to be held until it is shown, or that is shown already.
struct UnitToHold {
  LeasedUnit unit;
  std::string key;
  bool shown = false;
};

// The units of budgets that this process has leased from the store, so that a decision takes one without asking. A
// lease is what the next 20 ms are expected to need, and one unit for each call that waits; less where little is left.
// It is asked for anew before it is used up, given back when nobody needed it for a quarter of a second, and all of
// them when the process ends. What is leased when the process is killed is lost, and so is what was taken for calls
// that were not yet answered: nothing is ever given twice.
//
// Thread-safe. Borrows the store and the clock; callbacks come on any thread.
class Budgets final : public base::MetricSource {
 public:
  using Done = absl::AnyInvocable<void()>;
  using BoolDone = absl::AnyInvocable<void(absl::StatusOr<bool>)>;
  using ListDone = absl::AnyInvocable<void(absl::StatusOr<std::vector<BudgetStatus>>)>;

  Budgets(store::BudgetStore& store, const base::Clock& clock);
  // Waits for the store's answers.
  ~Budgets() override;

  // How many units of each of the needed budgets a decision may take now; see decision::Request. False where the store
  // must be asked first whether there are as many as it needs. Never blocks.
  bool Look(const BudgetAsk& ask, const std::vector<NeededBudget>& needed, std::vector<int8_t>& units);

  // Asks the store for what Look could not say, once for all who wait. Calls back when it is worth to look again,
  // whatever came of it, and at the deadline at the latest, however long others wait.
  void Fetch(const BudgetAsk& ask, const std::vector<NeededBudget>& needed, absl::Time deadline, Done done);

  // Takes all of these units, or nothing: nullopt where another decision took one meanwhile. Calls nobody, so that it
  // may be called while a profile is changed.
  absl::optional<std::vector<LeasedUnit>> Take(const BudgetAsk& ask, const std::vector<decision::TakenUnit>& units);

  // Asks the store for more of what was taken where it will soon be used up. The answer calls those who wait for it.
  void Renew(const BudgetAsk& ask, const std::vector<LeasedUnit>& taken);

  // They were not given.
  void PutBack(const std::vector<LeasedUnit>& units);

  // Puts units on hold, each under its key. Where that holds one already, the unit is put back. Not OK where it is not
  // known whether all are held: then none of them may be given; what is held all the same goes back by itself.
  void Hold(const BudgetAsk& ask, const std::vector<UnitToHold>& units, absl::Time deadline,
            absl::AnyInvocable<void(absl::Status)> done);

  // What is held under the key was shown, or will not be: false where something of it is not held any more. It rests
  // on what was held, whatever the playbook says now.
  void ChangeHolds(absl::string_view tenant, const std::string& key, store::HoldChange change, absl::Time deadline,
                   BoolDone done);

  // What was confirmed is not shown after all. Where the store does not do it, the units are lost.
  void Withdraw(absl::string_view tenant, const std::string& key);

  // How each budget of the playbook stands, in its order.
  void List(const BudgetAsk& ask, absl::Time deadline, ListDone done);

  // Gives back what is leased; waits, at most until the deadline. Nothing is leased afterwards.
  void Drain(absl::Time deadline);

  void Collect(base::MetricWriter& writer) const override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using LeasePointer = std::shared_ptr<BudgetLease>;
  using WaiterPointer = std::shared_ptr<BudgetWaiter>;
  using Key = std::tuple<std::string, std::string, int64_t>;  // tenant, budget, period

  LeasePointer& LeaseOf(const BudgetAsk& ask, int budget) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int8_t UnitsOf(const BudgetLease& lease, const playbook::Budget& budget, int most, bool& known) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Says what to ask the store for; the lease is asking from then on.
  store::LeaseRequest Begin(BudgetLease& lease, int64_t amount, int64_t wanted) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send(const LeasePointer& lease, const store::LeaseRequest& request, absl::Time deadline)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Answered(const LeasePointer& lease, const store::LeaseRequest& request,
                const absl::StatusOr<store::Lease>& answer, bool hurried) ABSL_LOCKS_EXCLUDED(mutex_);
  void Held(BudgetLease& lease, const store::HoldRequest& request, const absl::StatusOr<bool>& held)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Resolve(const LeasePointer& lease, const store::HoldRequest& request) ABSL_LOCKS_EXCLUDED(mutex_);
  bool NoneAsking() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return asking_ == 0; }

  // One of the answers for which it waits is there: its callback, where that was the last.
  Done Arrive(BudgetWaiter& waiter) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Calls back those whose deadline has passed. Says how long it is until the next one.
  absl::Duration CallLate() ABSL_LOCKS_EXCLUDED(mutex_);
  // The worker's: gives back what is idle, tells what is untold. Says when to look again.
  absl::Duration Tend() ABSL_LOCKS_EXCLUDED(mutex_);
  // Asks for nothing, giving back what nobody took.
  void GiveBackAll(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  store::BudgetStore& store_;
  const base::Clock& clock_;
  // Counted by the mutex's holder; the answers of the store beside them.
  enum Count : size_t { kGranted, kUsedUp, kFailed, kWaited, kTaken, kPutBack, kCounts };
  base::Counters<kCounts> counts_;
  mutable absl::Mutex mutex_;
  std::map<Key, LeasePointer> leases_ ABSL_GUARDED_BY(mutex_);
  std::multimap<absl::Time, WaiterPointer> waiters_ ABSL_GUARDED_BY(mutex_);  // by deadline
  int asking_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  base::Worker worker_;  // last: stops before what it uses goes
};

// When the budget's period that holds `now` begins, in seconds since 1970; 0: it has none.
int64_t PeriodOf(const playbook::Budget& budget, const absl::TimeZone& zone, absl::Time now);

// Names what an action of a decision holds. `customer` and `decision` are a token's.
std::string HoldKeyOf(uint64_t customer, uint64_t decision, segmentation::NameId action);

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_BUDGETS_H_
