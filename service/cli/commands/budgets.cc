#include <ostream>

#include "service/cli/command.h"
#include "service/cli/print.h"

namespace waymark::cli {
namespace {

void List(Session& session) {
  v1::ListBudgetsRequest request;
  request.set_tenant(session.tenant);
  v1::ListBudgetsResponse response;
  const absl::Status status = session.Connect().ListBudgets(request, response);
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(response) : BudgetsText(response));
}

}  // namespace

void AddBudgetsCommand(CLI::App& app, Session& session) {
  app.add_subcommand("budgets", "How much of each budget is taken, and how much is left")->callback([&session] {
    List(session);
  });
}

}  // namespace waymark::cli
