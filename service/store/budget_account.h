#ifndef WAYMARK_SERVICE_STORE_BUDGET_ACCOUNT_H_
#define WAYMARK_SERVICE_STORE_BUDGET_ACCOUNT_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/store/budget_store.h"

// The arithmetic of budgets, for stores that compute in this process (Redis has the same in Lua). Times have whole
// milliseconds.
namespace waymark::store {

// A holder that was not heard of for so long is gone, and what it had is taken. It must not speak of itself by the same
// name afterwards.
inline constexpr absl::Duration kHolderSilence = absl::Minutes(10);
// After so long what it had is shown as taken.
inline constexpr absl::Duration kHolderPresence = absl::Seconds(30);
// For how long a confirmed hold is remembered at least.
inline constexpr absl::Duration kShownFor = absl::Hours(1);
// An account of a period is forgotten when nothing was leased for so long.
inline constexpr absl::Duration kAccountKept = absl::Hours(24 * 100);

// What is given of one budget in one period. A value.
struct BudgetAccount {
  struct Holder {
    int64_t number = 0;  // of its last request
    int64_t granted = 0;
    int64_t delivered = 0;
    int64_t answer = 0;  // what that request was granted
    absl::Time heard;
  };

  int64_t taken = 0;  // for good, but for what holders delivered
  std::map<std::string, Holder> holders;
  std::map<absl::Time, int64_t> held;  // how many, by when they go back
};

// What a decision holds of one budget.
struct BudgetHold {
  int64_t period = 0;     // of the account
  absl::Time until;       // then it goes back, where it is not confirmed
  int64_t confirmed = 0;  // how often; less what was withdrawn
};

// All that a decision holds. A value.
struct DecisionHolds {
  std::map<std::string, BudgetHold> by_budget;
  absl::Time kept_until;  // after that it is as if it had held nothing
};

// ABORTED where a later request of the holder was answered.
absl::StatusOr<Lease> LeaseFrom(BudgetAccount& account, const LeaseRequest& request, absl::Time now);

// In what steps a hold's end is counted.
absl::Duration StepOfHold(absl::Duration hold);

// When a hold that begins now goes back: rounded up, so that an account has few such moments.
absl::Time EndOfHold(absl::Time now, absl::Duration hold);

// Whether the decision has a unit of the budget, held or confirmed.
bool HasUnit(const DecisionHolds& holds, const std::string& budget, absl::Time now);

// Moves a unit from the holder's lease to those held, or to those taken where it is shown. REQUIRES: not HasUnit.
void BeginHold(const HoldRequest& request, absl::Time now, DecisionHolds& holds, BudgetAccount& account);

// Reads the account of a budget and a period, to be changed.
using ReadAccount = absl::FunctionRef<absl::StatusOr<BudgetAccount*>(const std::string& budget, int64_t period)>;

// BudgetStore::ChangeHolds. Nothing is read where nothing is held.
absl::StatusOr<bool> ChangeAll(HoldChange change, absl::Time now, DecisionHolds& holds, ReadAccount read);

BudgetUse UseOf(const BudgetAccount& account, absl::Time now);

std::string EncodeBudgetAccount(const BudgetAccount& account);
absl::StatusOr<BudgetAccount> DecodeBudgetAccount(absl::string_view bytes);
std::string EncodeDecisionHolds(const DecisionHolds& holds);
absl::StatusOr<DecisionHolds> DecodeDecisionHolds(absl::string_view bytes);

// INVALID_ARGUMENT where a name is not what the interface says.
absl::Status CheckBudget(absl::string_view tenant, absl::string_view budget);
absl::Status CheckDecision(absl::string_view tenant, absl::string_view decision);
absl::Status CheckLeaseRequest(const BudgetKey& key, const LeaseRequest& request);
absl::Status CheckHoldRequest(const HoldRequest& request);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_BUDGET_ACCOUNT_H_
