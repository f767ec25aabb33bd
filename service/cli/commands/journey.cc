#include <memory>
#include <ostream>
#include <string>

#include "service/cli/command.h"
#include "service/cli/print.h"
#include "service/cli/print_journey.h"

namespace waymark::cli {
namespace {

struct ShowArguments {
  std::string customer;
  std::string journey;
  int max = 100;
  std::string page_token;
};

void Show(Session& session, const ShowArguments& arguments) {
  v1::GetJourneyRequest request;
  request.set_tenant(session.tenant);
  request.set_customer(arguments.customer);
  request.set_journey(arguments.journey);
  request.set_page_size(arguments.max);
  request.set_page_token(arguments.page_token);
  v1::GetJourneyResponse response;
  const absl::Status status = session.Connect().GetJourney(request, response);
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(response) : JourneyText(response));
}

}  // namespace

void AddJourneyCommands(CLI::App& app, Session& session) {
  CLI::App* journey = app.add_subcommand("journey", "Where customers stand, and how they came there");
  journey->require_subcommand(1);
  auto arguments = std::make_shared<ShowArguments>();
  CLI::App* show = journey->add_subcommand("show", "One customer's timeline, the newest first");
  show->add_option("--customer", arguments->customer, "the customer's id")->required();
  show->add_option("--journey", arguments->journey, "which journey. Default: the primary one");
  show->add_option("--max", arguments->max, "how many entries")->check(CLI::Range(1, 1000))->capture_default_str();
  show->add_option("--page-token", arguments->page_token, "go on where a page ended");
  show->callback([&session, arguments] { Show(session, *arguments); });
  AddJourneyExport(*journey, session);
  AddJourneyWorth(*journey, session);
  AddJourneyMapCommand(*journey, session);
}

}  // namespace waymark::cli
