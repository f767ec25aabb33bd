#ifndef WAYMARK_SERVICE_STORE_BUDGET_ACCOUNT_H_
#define WAYMARK_SERVICE_STORE_BUDGET_ACCOUNT_H_

#include <cstdint>
#include <map>
#include <string>

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

// A decision's hold.
struct BudgetHold {
  int64_t period = 0;
  absl::Time until;
  bool shown = false;
};

// ABORTED where a later request of the holder was answered.
absl::StatusOr<Lease> LeaseFrom(BudgetAccount& account, const LeaseRequest& request, absl::Time now);

// In what steps a hold's end is counted.
absl::Duration StepOfHold(absl::Duration hold);

// When a hold that begins now goes back: rounded up, so that an account has few such moments.
absl::Time EndOfHold(absl::Time now, absl::Duration hold);

// Moves a unit from the holder's lease to those held until `until`, or to those taken where it is shown.
void BeginHold(BudgetAccount& account, absl::string_view holder, absl::Time until, bool shown);

// Takes one of those held until `until`; it is taken where it was shown, and goes back where not.
void EndHold(BudgetAccount& account, absl::Time until, bool shown);

BudgetUse UseOf(const BudgetAccount& account, absl::Time now);

std::string EncodeBudgetAccount(const BudgetAccount& account);
absl::StatusOr<BudgetAccount> DecodeBudgetAccount(absl::string_view bytes);
std::string EncodeBudgetHold(const BudgetHold& hold);
absl::StatusOr<BudgetHold> DecodeBudgetHold(absl::string_view bytes);

// INVALID_ARGUMENT where a name is not what the interface says.
absl::Status CheckBudget(absl::string_view tenant, absl::string_view budget);
absl::Status CheckDecision(absl::string_view decision);
absl::Status CheckLeaseRequest(const BudgetKey& key, const LeaseRequest& request);
absl::Status CheckHoldRequest(const HoldRequest& request);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_BUDGET_ACCOUNT_H_
