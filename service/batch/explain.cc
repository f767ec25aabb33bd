#include "service/batch/explain.h"

#include <algorithm>
#include <utility>

#include "absl/types/optional.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/decision/token.h"
#include "service/engine/logged_decision.h"
#include "service/engine/tokens.h"

namespace waymark::batch {
namespace {

using store::LoggedDecision;

bool IsOf(const LoggedDecision& logged, uint64_t key) {
  return std::any_of(logged.placements.begin(), logged.placements.end(), [&](const auto& placement) {
    return decision::ContactKey(logged.decision_id, placement.placement) == key;
  });
}

}  // namespace

absl::StatusOr<Explained> Explain(const LogEnvironment& environment, const std::string& tenant,
                                  const DecisionName& name, const std::shared_ptr<Cancellation>& cancellation) {
  const auto token_key = environment.playbooks.token_key();
  uint64_t key = engine::LogKeyOf(name.decision_id);
  if (!name.token.empty()) {
    const auto token = decision::DecodeToken(name.token, *token_key);
    if (!token.has_value()) return base::FieldError("token", "this is no token of a decision of this service");
    key = token->decision;
  }
  absl::optional<LoggedDecision> found;
  WAYMARK_RETURN_IF_ERROR(
      WalkLogShard(environment, tenant, store::LogShardOf(key), cancellation, [&](int, store::LogRecord&& record) {
        auto* logged = absl::get_if<LoggedDecision>(&record);
        if (logged == nullptr) return;
        if (name.token.empty() ? logged->decision_id == name.decision_id : IsOf(*logged, key))
          found = std::move(*logged);
      }));
  if (!found.has_value()) return absl::NotFoundError("the log has no such decision");
  const auto playbook = environment.past.Get(tenant, found->playbook_version, found->population_version, cancellation);
  if (!playbook.ok()) return playbook.status();
  absl::StatusOr<decision::Decision> decided = engine::DecideAgain(*found, **playbook, /*explain=*/true);
  if (!decided.ok()) return decided.status();
  if (engine::AnswerHash(**playbook, *decided) != found->answer_hash) {
    return absl::FailedPreconditionError("made again, it is another decision: this Waymark decides in another way");
  }
  Explained explained{found->customer,
                      {.playbook = *playbook,
                       .decision_id = found->decision_id,
                       .decided_at = found->decided_at,
                       .knowledge = static_cast<engine::Knowledge>(found->knowledge),
                       .decision = *std::move(decided)}};
  explained.answer.tokens =
      engine::TokensOf({.tenant = tenant, .customer = found->customer, .decision_id = found->decision_id},
                       playbook->get(), explained.answer.decision, token_key.get());
  return explained;
}

}  // namespace waymark::batch
