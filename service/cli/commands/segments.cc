#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "service/cli/command.h"
#include "service/cli/print.h"
#include "service/cli/progress.h"
#include "service/cli/walk_progress.h"

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

void Resegment(Session& session, v1::ResegmentRequest request) {
  request.set_tenant(session.tenant);
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

void Members(Session& session, const std::string& segment) {
  v1::ListMembersRequest request;
  request.set_tenant(session.tenant);
  request.set_segment(segment);
  Console& console = session.console;
  Progress progress(console.err_is_terminal, "profiles", absl::Now());
  Client client = session.Connect();
  absl::Status status = client.ListMembers(request, [&](const v1::ListMembersResponse& response) {
    console.err << progress.Clear() << std::flush;
    if (session.json()) console.out << Json(response);
    for (const std::string& customer : response.customers()) {
      if (!session.json()) console.out << customer << '\n';
    }
    console.out << std::flush;
    console.err << progress.Update(StateOf(response), absl::Now()) << std::flush;
  });
  console.err << progress.Clear() << std::flush;
  if (!status.ok()) session.Fail(status);
}

void Watch(Session& session, v1::WatchChangesRequest request) {
  request.set_tenant(session.tenant);
  std::ostream& out = session.console.out;
  Client client = session.Connect();
  absl::Status status = client.WatchChanges(request, [&](const v1::WatchChangesResponse& response) {
    if (session.json()) out << Json(response);
    for (const v1::MembershipChange& change : response.changes()) {
      if (!session.json()) out << ChangeText(change);
    }
    out << std::flush;
  });
  if (!status.ok()) return session.Fail(status);
  session.Fail(kUnavailable, "the service ended; go on with --cursor");
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

  auto segment = std::make_shared<std::string>();
  CLI::App* members = app.add_subcommand("members", "Everyone who is in a segment now, one a line");
  members->add_option("segment", *segment, "the segment's name")->required();
  members->callback([&session, segment] { Members(session, *segment); });

  struct WatchFlags {
    std::string cursor;
    std::vector<std::string> segments;
  };
  auto watched = std::make_shared<WatchFlags>();
  CLI::App* watch = app.add_subcommand("watch", "Who enters and leaves segments, as it happens, until it is stopped");
  watch->add_option("--cursor", watched->cursor,
                    "go on after this one of an earlier watch (see --output json); 0: from the oldest change that is "
                    "kept; without it: from now on");
  watch->add_option("--segment", watched->segments, "only this segment; may be given several times");
  watch->callback([&session, watched] {
    v1::WatchChangesRequest request;
    request.set_cursor(watched->cursor);
    request.mutable_segments()->Add(watched->segments.begin(), watched->segments.end());
    Watch(session, std::move(request));
  });

  struct ResegmentFlags {
    bool restart = false;
    int workers = 1;
  };
  auto work = std::make_shared<ResegmentFlags>();
  CLI::App* resegment = app.add_subcommand("resegment", "Derives everyone's segments and stages again");
  resegment->add_flag("--restart", work->restart, "from the beginning, also where a run is under way");
  resegment->add_option("--workers", work->workers, "threads of the service that take part")
      ->check(CLI::Range(1, 16))
      ->capture_default_str();
  resegment->callback([&session, work] {
    v1::ResegmentRequest request;
    request.set_restart(work->restart);
    request.set_workers(work->workers);
    Resegment(session, std::move(request));
  });
}

}  // namespace waymark::cli
