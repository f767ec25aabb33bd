#include <memory>
#include <ostream>
#include <string>

#include "absl/time/clock.h"
#include "service/cli/command.h"
#include "service/cli/print.h"
#include "service/cli/progress.h"

namespace waymark::cli {
namespace {

void Segments(Session& session, const std::string& customer, bool why) {
  v1::EvaluateCustomerRequest request;
  request.set_tenant(session.tenant);
  request.set_customer(customer);
  v1::EvaluateCustomerResponse response;
  absl::Status status = session.Connect().EvaluateCustomer(request, response);
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(response) : SegmentsText(response, why));
}

ProgressState StateOf(const v1::ResegmentResponse& response) {
  const double total = static_cast<double>(response.estimated_total());
  return {response.profiles(), total > 0 ? static_cast<double>(response.profiles()) / total : 0};
}

void Resegment(Session& session, bool restart) {
  v1::ResegmentRequest request;
  request.set_tenant(session.tenant);
  request.set_restart(restart);
  Console& console = session.console;
  Progress progress(console.err_is_terminal, "profiles", absl::Now());
  v1::ResegmentResponse last;
  Client client = session.Connect();
  absl::Status status = client.Resegment(request, [&](const v1::ResegmentResponse& response) {
    last = response;
    if (session.json()) console.out << Json(response);
    console.err << progress.Update(StateOf(response), absl::Now()) << std::flush;
  });
  console.err << progress.Clear() << std::flush;
  if (!status.ok()) return session.Fail(status);
  if (!session.json()) console.out << ResegmentText(last);
  if (!last.done()) session.Fail(kUnavailable, "the service ended before it was done; the next run goes on from there");
}

}  // namespace

void AddSegmentCommands(CLI::App& app, Session& session) {
  auto customer = std::make_shared<std::string>();
  auto why = std::make_shared<bool>(false);
  CLI::App* segments = app.add_subcommand("segments", "In which segments a customer is, and why not in the others");
  segments->add_option("customer", *customer, "the customer's id");
  segments->add_flag("--why", *why, "with each rule, and what its parts give");
  AddSegmentDesign(*segments, session);
  segments->callback([&session, segments, customer, why] {
    if (!segments->get_subcommands().empty()) return;
    if (customer->empty()) throw CLI::RequiredError("customer");
    Segments(session, *customer, *why);
  });

  auto restart = std::make_shared<bool>(false);
  CLI::App* resegment = app.add_subcommand("resegment", "Derives everyone's segments and stages again");
  resegment->add_flag("--restart", *restart, "from the beginning, also where an unfinished run could be resumed");
  resegment->callback([&session, restart] { Resegment(session, *restart); });
}

}  // namespace waymark::cli
