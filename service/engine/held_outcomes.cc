#include "service/engine/held_outcomes.h"

#include <atomic>
#include <memory>
#include <utility>

#include "service/playbook/compile.h"

namespace waymark::engine {

absl::optional<HeldOutcome> HeldOutcomeOf(const SentEvent& sent, const playbook::Playbook& playbook,
                                          absl::string_view tenant, absl::string_view customer,
                                          const decision::TokenKey& token_key) {
  const bool shown = sent.type == playbook::kImpression;
  if (sent.decision_token.empty() || (!shown && sent.type != playbook::kDismiss)) return absl::nullopt;
  const absl::optional<decision::Token> token = decision::DecodeToken(sent.decision_token, token_key);
  if (!token.has_value() || !token->count_on_impression) return absl::nullopt;
  if (!decision::IsTokenOf(*token, tenant, customer)) return absl::nullopt;
  const auto action = playbook.action_by_id.find(token->action);
  if (action == playbook.action_by_id.end() || playbook.actions[static_cast<size_t>(action->second)].budgets.empty()) {
    return absl::nullopt;
  }
  return HeldOutcome{action->second, HoldKeyOf(token->customer, token->decision, token->action), shown};
}

void EndHolds(Budgets& budgets, const BudgetAsk& ask, const std::vector<absl::optional<HeldOutcome>>& outcomes,
              absl::Time deadline, absl::AnyInvocable<void(std::vector<absl::StatusOr<bool>>)> done) {
  // Each outcome fills its own place; the last one answers. One more for this function.
  struct Call {
    std::vector<absl::StatusOr<bool>> answers;
    std::atomic<size_t> left{1};
    absl::AnyInvocable<void(std::vector<absl::StatusOr<bool>>)> done;
  };
  auto call = std::make_shared<Call>();
  call->answers.assign(outcomes.size(), true);
  call->done = std::move(done);
  const auto arrive = [call] {
    if (call->left.fetch_sub(1) == 1) call->done(std::move(call->answers));
  };
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].has_value()) continue;
    call->left.fetch_add(1);
    budgets.EndHold(ask, outcomes[i]->action, outcomes[i]->key, outcomes[i]->shown, deadline,
                    [call, arrive, i](absl::StatusOr<bool> held) {
                      call->answers[i] = std::move(held);
                      arrive();
                    });
  }
  arrive();
}

}  // namespace waymark::engine
