#include "service/engine/held_outcomes.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "service/engine/change.h"
#include "service/playbook/compile.h"

namespace waymark::engine {
namespace {

using HoldsDone = absl::AnyInvocable<void(std::vector<Settled>)>;

bool AsksFirst(const HoldingEvents& holding, size_t event) {
  return holding.outcomes[event].has_value() && holding.events[event].only_if_allowed;
}

// Of the events that ask first, the receipts of those that the profile does not allow.
std::vector<Settled> LookAt(const HoldingEvents& holding, const store::StoredProfile& stored, absl::Time now) {
  segmentation::Profile profile = BeginChange(stored, now);
  std::vector<Receipt> receipts;
  FoldAll(holding.events, {}, holding.playbook, now, profile, receipts);
  std::vector<Settled> settled(holding.events.size(), absl::nullopt);
  for (size_t i = 0; i < settled.size(); ++i) {
    if (AsksFirst(holding, i) && receipts[i].withheld) settled[i] = std::move(receipts[i]);
  }
  return settled;
}

// Changes what those hold that are not settled.
void ChangeHolds(Budgets& budgets, absl::string_view tenant, const HoldingEvents& holding, absl::Time deadline,
                 std::vector<Settled> settled, HoldsDone done) {
  // Each event fills its own place; the last one answers. One more for this function.
  struct Call {
    std::vector<Settled> settled;
    std::atomic<size_t> left{1};
    HoldsDone done;
  };
  auto call = std::make_shared<Call>();
  call->settled = std::move(settled);
  call->done = std::move(done);
  const auto arrive = [call] {
    if (call->left.fetch_sub(1) == 1) call->done(std::move(call->settled));
  };
  for (size_t i = 0; i < holding.events.size(); ++i) {
    const absl::optional<HeldOutcome>& outcome = holding.outcomes[i];
    if (!outcome.has_value() || !call->settled[i].ok() || call->settled[i]->has_value()) continue;
    call->left.fetch_add(1);
    budgets.ChangeHolds(tenant, outcome->key, outcome->change, deadline,
                        [call, arrive, i, event = &holding.events[i]](const absl::StatusOr<bool>& held) {
                          if (!held.ok()) call->settled[i] = held.status();
                          event->not_held = held.ok() && !*held;
                          arrive();
                        });
  }
  arrive();
}

}  // namespace

absl::optional<HeldOutcome> HeldOutcomeOf(const SentEvent& sent, absl::string_view tenant, absl::string_view customer,
                                          const decision::TokenKey& token_key) {
  const bool shown = sent.type == playbook::kImpression;
  if (sent.decision_token.empty() || (!shown && sent.type != playbook::kDismiss)) return absl::nullopt;
  const absl::optional<decision::Token> token = decision::DecodeToken(sent.decision_token, token_key);
  if (!token.has_value() || !token->holds || !decision::IsTokenOf(*token, tenant, customer)) return absl::nullopt;
  return HeldOutcome{HoldKeyOf(token->customer, token->decision, token->action),
                     shown ? store::HoldChange::kConfirm : store::HoldChange::kRelease};
}

void SettleHolds(store::ProfileStore& profiles, Budgets& budgets, const BudgetAsk& ask, const HoldingEvents& holding,
                 absl::Time deadline, HoldsDone done) {
  bool asks_first = false;
  bool holds = false;
  for (size_t i = 0; i < holding.events.size(); ++i) {
    asks_first = asks_first || AsksFirst(holding, i);
    holds = holds || holding.outcomes[i].has_value();
  }
  if (!holds) return done({});
  if (!asks_first) {
    std::vector<Settled> settled(holding.events.size(), absl::nullopt);
    return ChangeHolds(budgets, ask.tenant, holding, deadline, std::move(settled), std::move(done));
  }
  profiles.Load({std::string(ask.tenant), std::string(holding.customer)}, deadline,
                [&budgets, ask, holding, deadline,
                 done = std::move(done)](const absl::StatusOr<store::StoredProfile>& stored) mutable {
                  std::vector<Settled> settled = stored.ok()
                                                     ? LookAt(holding, *stored, ask.now)
                                                     : std::vector<Settled>(holding.events.size(), stored.status());
                  ChangeHolds(budgets, ask.tenant, holding, deadline, std::move(settled), std::move(done));
                });
}

void WithdrawHolds(Budgets& budgets, const BudgetAsk& ask, const HoldingEvents& holding,
                   const std::vector<Receipt>& receipts) {
  for (size_t i = 0; i < receipts.size(); ++i) {
    const bool took = holding.outcomes[i].has_value() && !holding.events[i].not_held;
    if (!took || !receipts[i].withheld) continue;
    budgets.Withdraw(ask.tenant, holding.outcomes[i]->key);
  }
}

}  // namespace waymark::engine
