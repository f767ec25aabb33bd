#ifndef WAYMARK_SERVICE_ENGINE_HELD_OUTCOMES_H_
#define WAYMARK_SERVICE_ENGINE_HELD_OUTCOMES_H_

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/decision/token.h"
#include "service/engine/budgets.h"
#include "service/engine/requests.h"
#include "service/playbook/playbook.h"

namespace waymark::engine {

// What an event does to the units that its decision holds: an impression takes them for good, a dismissal before it
// gives them back.
struct HeldOutcome {
  int action = playbook::kNone;
  std::string key;
  bool shown = false;
};

// nullopt where the event is no such outcome, or its token is another customer's. The event was admitted.
absl::optional<HeldOutcome> HeldOutcomeOf(const SentEvent& sent, const playbook::Playbook& playbook,
                                          absl::string_view tenant, absl::string_view customer,
                                          const decision::TokenKey& token_key);

// Ends what the outcomes of several events hold. Calls back with one answer an outcome: whether it was held; true for
// none. What `ask` borrows must live until then.
void EndHolds(Budgets& budgets, const BudgetAsk& ask, const std::vector<absl::optional<HeldOutcome>>& outcomes,
              absl::Time deadline, absl::AnyInvocable<void(std::vector<absl::StatusOr<bool>>)> done);

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_HELD_OUTCOMES_H_
