#ifndef WAYMARK_SERVICE_STORE_BUDGET_STORE_H_
#define WAYMARK_SERVICE_STORE_BUDGET_STORE_H_

#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark::store {

// Names an account: what one budget of a tenant gives in one period.
struct BudgetKey {
  std::string tenant;  // as in CustomerKey
  std::string budget;  // [a-z0-9_]
  int64_t period = 0;  // when it begins, in seconds since 1970; 0: it is for ever

  friend bool operator==(const BudgetKey&, const BudgetKey&) = default;
};

// How a holder says what it has and what it wants. A holder is one process; what it says of itself is the truth, so a
// request mends what an earlier one, or its answer, lost. It has one request under way at a time; each new one has a
// higher number.
struct LeaseRequest {
  std::string holder;  // at most 64 of [a-z0-9_-]; of this life of the process only
  int64_t number = 0;  // from 1 on; one that is repeated is answered as the first time
  int64_t amount = 0;  // the budget's, as the holder knows it
  int64_t granted =
      0;  // units the holder was given, less those it gives back with this request and those it put on hold
  int64_t delivered = 0;  // of these, as far as it is past taking them back
  int64_t wanted = 0;     // more
};

struct Lease {
  int64_t granted = 0;  // 0 to `wanted`
  int64_t left = 0;     // that nobody has; below 0 where the amount was lowered
};

struct HoldRequest {
  BudgetKey account;
  std::string holder;    // whose lease the unit is of
  std::string decision;  // names what it is held for: at most 64 of [a-z0-9]
  absl::Duration hold;   // up to a 64th longer, and at least a second
  bool shown = false;    // confirmed at once
};

// What becomes of all that a decision holds.
enum class HoldChange {
  kConfirm,   // it is shown: its units are taken for good
  kWithdraw,  // one that confirmed it does not show it: after as many as there were confirmations its units are held
              // again, or go back where their time has passed meanwhile
  kRelease,   // it will not be shown: its units go back
};

// How an account stands.
struct BudgetUse {
  int64_t taken = 0;   // for good: delivered, shown, or lost with a holder
  int64_t leased = 0;  // to holders, not yet delivered
  int64_t held = 0;    // decided, not yet shown
};

// Keeps how much of each budget is given. An account's amount is its callers'; what is taken, leased and held never
// exceeds it together.
//
// A unit that a holder was granted may be delivered at any moment without another word, so it is never granted again
// unless the holder gives it back: neither an expiry nor anybody's clock takes it from a holder. One that is not heard
// of for kHolderSilence has taken what it had. What is held goes back by the store's own clock.
//
// The same promises as ProfileStore: every callback is called exactly once, must not block, any thread. Errors:
// UNAVAILABLE and DEADLINE_EXCEEDED, where it is not known whether it was done (repeat it); ABORTED: a later request of
// the holder came before; DATA_LOSS; RESOURCE_EXHAUSTED.
class BudgetStore {
 public:
  using LeaseDone = absl::AnyInvocable<void(absl::StatusOr<Lease>)>;
  using Done = absl::AnyInvocable<void(absl::StatusOr<bool>)>;
  using UseDone = absl::AnyInvocable<void(absl::StatusOr<BudgetUse>)>;

  virtual ~BudgetStore() = default;

  // Grants what is wanted, or less: never more than a fourth of what is left while more than one is, so that the last
  // units are there for whoever asks. One round trip.
  virtual void Lease(const BudgetKey& key, const LeaseRequest& request, absl::Time deadline, LeaseDone done) = 0;

  // Puts a unit of the holder's lease on hold for a decision, which may hold one of each budget. False where that
  // decision has one of this budget already, held or shown: then the holder keeps its own.
  virtual void Hold(const HoldRequest& request, absl::Time deadline, Done done) = 0;

  // Changes all that the decision holds, of whichever budgets that is, at once. False where it holds nothing, or
  // something not any more (what it does hold is changed all the same). What was confirmed before (it is remembered for
  // as long as the holds would have lasted, and at least an hour) can be confirmed again and withdrawn, not released.
  virtual void ChangeHolds(absl::string_view tenant, absl::string_view decision, HoldChange change, absl::Time deadline,
                           Done done) = 0;

  // All zero where nothing was asked of the account yet.
  virtual void Read(const BudgetKey& key, absl::Time deadline, UseDone done) = 0;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_BUDGET_STORE_H_
