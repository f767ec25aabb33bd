#include "service/engine/engine.h"

#include <utility>
#include <vector>

namespace waymark::engine {

Engine::Engine(store::ProfileStore& profiles, Playbooks& playbooks, Budgets& budgets, const base::Clock& clock,
               DecisionLogger* logger)
    : profiles_(profiles), playbooks_(playbooks), budgets_(budgets), clock_(clock), logger_(logger) {}

void Engine::ListBudgets(const std::string& tenant, absl::Time deadline, Done<ListBudgetsAnswer> done) {
  auto playbook = playbooks_.Current(tenant);
  if (!playbook.ok()) return done(playbook.status());
  const BudgetAsk ask{tenant, **playbook, clock_.Now()};
  budgets_.List(ask, deadline,
                [playbook = *playbook, done = std::move(done)](absl::StatusOr<std::vector<BudgetStatus>> list) mutable {
                  if (!list.ok()) return done(list.status());
                  done(ListBudgetsAnswer{std::move(playbook), *std::move(list)});
                });
}

}  // namespace waymark::engine
