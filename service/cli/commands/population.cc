#include <memory>
#include <ostream>
#include <string>

#include "absl/time/clock.h"
#include "service/cli/command.h"
#include "service/cli/print.h"
#include "service/cli/walk_progress.h"

namespace waymark::cli {
namespace {

void Fit(Session& session, uint64_t seed) {
  v1::FitPopulationRequest request;
  request.set_tenant(session.tenant);
  request.set_seed(seed);
  v1::FitPopulationResponse last;
  Client client = session.Connect();
  const absl::Status status =
      WithProgress(session, "profiles", last, [&](const auto& each) { return client.FitPopulation(request, each); });
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(last) : PopulationText(last.population()));
}

void Show(Session& session) {
  v1::GetPopulationRequest request;
  request.set_tenant(session.tenant);
  v1::GetPopulationResponse response;
  const absl::Status status = session.Connect().GetPopulation(request, response);
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(response.population()) : PopulationText(response.population()));
}

}  // namespace

void AddPopulationCommand(CLI::App& app, Session& session) {
  CLI::App* population =
      app.add_subcommand("population", "What is learned about everyone: RFM, lifetime value, personas");
  population->require_subcommand(1);
  auto seed = std::make_shared<uint64_t>(1);
  CLI::App* fit = population->add_subcommand("fit", "Looks at everyone and learns");
  fit->add_option("--seed", *seed, "of what is drawn at random; the same profiles and seed give the same result")
      ->capture_default_str();
  fit->callback([&session, seed] { Fit(session, *seed); });
  CLI::App* show = population->add_subcommand("show", "What was learned last");
  show->callback([&session] { Show(session); });
}

}  // namespace waymark::cli
