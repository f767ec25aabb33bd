#ifndef WAYMARK_SERVICE_ENGINE_HELD_OUTCOMES_H_
#define WAYMARK_SERVICE_ENGINE_HELD_OUTCOMES_H_

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/event.h"
#include "service/decision/token.h"
#include "service/engine/budgets.h"
#include "service/engine/requests.h"
#include "service/playbook/playbook.h"
#include "service/store/budget_store.h"
#include "service/store/store.h"

namespace waymark::engine {

// What an event does to the units that its decision holds: an impression takes them for good, a dismissal before it
// gives them back.
struct HeldOutcome {
  std::string key;
  store::HoldChange change = store::HoldChange::kRelease;
};

// nullopt where the event is no such outcome, its decision held nothing, or its token is another customer's. The event
// was admitted.
absl::optional<HeldOutcome> HeldOutcomeOf(const SentEvent& sent, absl::string_view tenant, absl::string_view customer,
                                          const decision::TokenKey& token_key);

// One customer's events of a call, and what they do to what is held. Borrowed.
struct HoldingEvents {
  absl::string_view customer;
  const playbook::Playbook& playbook;
  std::vector<segmentation::Event>& events;
  const std::vector<absl::optional<HeldOutcome>>& outcomes;  // beside the events
};

// What is known of an event before it is recorded: nullopt: it may be; a receipt: it is withheld; an error: it is not
// known whether its units are held, and it is to be sent again.
using Settled = absl::StatusOr<absl::optional<Receipt>>;

// Does what the events do to what is held, and marks those whose units are not held any more. An impression that wants
// to be allowed is looked at first, by the profile as it is (one read more), and takes its units only where the contact
// policy allows it. Calls back with one answer an event, or with none where nothing is held of any. What `ask` and
// `holding` borrow must live until then.
void SettleHolds(store::ProfileStore& profiles, Budgets& budgets, const BudgetAsk& ask, const HoldingEvents& holding,
                 absl::Time deadline, absl::AnyInvocable<void(std::vector<Settled>)> done);

// After the events were recorded: gives back what an impression took that was withheld in the end, because the profile
// had changed since it was looked at.
void WithdrawHolds(Budgets& budgets, const BudgetAsk& ask, const HoldingEvents& holding,
                   const std::vector<Receipt>& receipts);

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_HELD_OUTCOMES_H_
