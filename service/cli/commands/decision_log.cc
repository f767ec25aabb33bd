#include <google/protobuf/util/json_util.h>

#include <fstream>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/base/time_zones.h"
#include "service/cli/command.h"
#include "service/cli/conversions.h"
#include "service/cli/input_file.h"
#include "service/cli/print.h"
#include "service/cli/print_log.h"
#include "service/cli/timestamps.h"
#include "service/cli/walk_progress.h"
#include "service/playbook/compile.h"

namespace waymark::cli {
namespace {

// What one call replays of a file: messages have at most 4 MiB.
constexpr size_t kMaxRecordBytes = 2 * 1024 * 1024;
constexpr int kMaxRecords = 2'000;

struct Range {
  std::string since;
  std::string until;
};

void AddRange(CLI::App& command, Range& range) {
  command.add_option("--since", range.since, "decided then or later, such as 2026-07-01T00:00:00Z");
  command.add_option("--until", range.until, "decided before");
}

template <typename Request>
absl::Status SetRange(const Range& range, Request& request) {
  const auto parse = [](const char* option, const std::string& text, auto set) {
    if (text.empty()) return absl::OkStatus();
    const absl::optional<absl::Time> time = ParseTimeText(text, {});
    if (!time.has_value()) return absl::InvalidArgumentError(absl::StrCat(option, ": not a time: ", text));
    set(ToTimestamp(*time));
    return absl::OkStatus();
  };
  absl::Status status = parse("--since", range.since, [&](const auto& time) { *request.mutable_since() = time; });
  if (!status.ok()) return status;
  return parse("--until", range.until, [&](const auto& time) { *request.mutable_until() = time; });
}

void Explain(Session& session, const std::string& id, const std::string& token) {
  v1::ExplainDecisionRequest request;
  request.set_tenant(session.tenant);
  if (token.empty()) {
    request.set_decision_id(id);
  } else {
    request.set_token(token);
  }
  v1::ExplainDecisionResponse response;
  const absl::Status status = session.Connect().ExplainDecision(request, response);
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(response) : ExplanationText(response));
}

struct ReplayArguments {
  std::vector<std::string> what;  // files or ids
  Range range;
  std::string playbook;
};

// The records of a file of exported decisions, some for each call of `replay`.
absl::Status ForRecords(const std::string& path, const std::function<absl::Status(std::vector<std::string>)>& replay) {
  absl::StatusOr<std::unique_ptr<InputFile>> file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  std::vector<std::string> records;
  size_t bytes = 0;
  std::string line;
  for (int64_t number = 1;; ++number) {
    const absl::StatusOr<bool> any = (*file)->NextLine(line);
    if (!any.ok()) return any.status();
    v1::LoggedDecision decision;
    if (*any && (!google::protobuf::util::JsonStringToMessage(line, &decision).ok() || decision.record().empty()))
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": not a line of `waymark decisions export`"));
    const bool full = bytes + decision.record().size() > kMaxRecordBytes || records.size() >= kMaxRecords;
    if (!records.empty() && (full || !*any)) {
      absl::Status status = replay(std::exchange(records, {}));
      if (!status.ok()) return status;
      bytes = 0;
    }
    if (!*any) return absl::OkStatus();
    bytes += decision.record().size();
    records.push_back(std::move(*decision.mutable_record()));
  }
}

bool IsFile(const std::string& name) { return std::ifstream(name).good(); }

void Replay(Session& session, const ReplayArguments& arguments) {
  v1::ReplayDecisionsRequest request;
  request.set_tenant(session.tenant);
  if (absl::Status status = SetRange(arguments.range, request); !status.ok()) return session.Fail(status);
  if (!arguments.playbook.empty()) {
    absl::StatusOr<std::string> text = ReadFile(arguments.playbook);
    if (!text.ok()) return session.Fail(text.status());
    const std::vector<playbook::Problem> problems = playbook::CompilePlaybook(*text, 1, base::TimeZones()).problems;
    if (!problems.empty()) return session.Report(arguments.playbook, *text, problems);
    request.set_playbook_text(*std::move(text));
  }
  Client client = session.Connect();
  v1::ReplayDecisionsResponse sum;
  const auto run = [&]() {
    v1::ReplayDecisionsResponse last;
    absl::Status status = WithProgress(session, "decisions", last,
                                       [&](const auto& each) { return client.ReplayDecisions(request, each); });
    if (status.ok()) AddReplay(last, sum);
    return status;
  };
  absl::Status status;
  for (const std::string& each : arguments.what) {
    if (!IsFile(each)) {
      request.add_decision_ids(each);
      continue;
    }
    if (!status.ok()) continue;
    status = ForRecords(each, [&](std::vector<std::string> records) {
      v1::ReplayDecisionsRequest of_log = request;
      request.clear_decision_ids();
      request.mutable_records()->Assign(records.begin(), records.end());
      absl::Status ran = run();
      request = std::move(of_log);
      return ran;
    });
  }
  const int64_t expected = sum.decisions() + request.decision_ids_size();
  if (status.ok() && (arguments.what.empty() || request.decision_ids_size() > 0)) status = run();
  if (!status.ok()) return session.Fail(status);
  const bool what_if = !arguments.playbook.empty();
  session.console.out << (session.json() ? Json(sum) : ReplayText(sum, what_if));
  if (!what_if && sum.equal() != sum.decisions()) session.exit_code = kNo;
  if (sum.decisions() < expected) {
    session.Fail(absl::NotFoundError(
        absl::StrCat(expected - sum.decisions(), " of what was named are no files, nor decisions of the log")));
  }
}

void Export(Session& session, const Range& range, const std::string& path) {
  v1::ExportDecisionsRequest request;
  request.set_tenant(session.tenant);
  if (absl::Status status = SetRange(range, request); !status.ok()) return session.Fail(status);
  std::ofstream file(path, std::ios::binary);
  if (!file) return session.Fail(kUsage, absl::StrCat(path, ": it cannot be written"));
  Client client = session.Connect();
  v1::ExportDecisionsResponse last;
  int64_t exported = 0;
  const absl::Status status = WithProgress(session, "decisions", last, [&](const auto& each) {
    return client.ExportDecisions(request, [&](const v1::ExportDecisionsResponse& response) {
      for (const v1::LoggedDecision& decision : response.logged()) file << Json(decision);
      exported += response.logged_size();
      each(response);
    });
  });
  file.close();
  if (!status.ok()) return session.Fail(status);
  if (!file) return session.Fail(kUsage, absl::StrCat(path, ": it cannot be written"));
  session.console.out << Grouped(exported) << " decisions in " << path << "\n";
}

struct AuditArguments {
  std::string trait;
  Range range;
  std::string placement;
  std::string action;
  std::vector<std::string> accepted_by;
};

void Audit(Session& session, const AuditArguments& arguments) {
  v1::AuditDecisionsRequest request;
  request.set_tenant(session.tenant);
  request.set_trait(arguments.trait);
  request.set_placement(arguments.placement);
  request.set_action(arguments.action);
  request.mutable_accepted_by()->Add(arguments.accepted_by.begin(), arguments.accepted_by.end());
  if (absl::Status status = SetRange(arguments.range, request); !status.ok()) return session.Fail(status);
  Client client = session.Connect();
  v1::AuditDecisionsResponse last;
  const absl::Status status =
      WithProgress(session, "decisions", last, [&](const auto& each) { return client.AuditDecisions(request, each); });
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(last) : AuditText(arguments.trait, last));
}

void AddReplayCommand(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* replay = app.add_subcommand("replay", "Makes logged decisions again: are they the same? What would be?");
  replay->add_option("what", arguments->what, "files of `decisions export`, or decision ids; none: the whole log");
  AddRange(*replay, arguments->range);
  replay->add_option("--playbook", arguments->playbook, "what this playbook would have answered, and how that differs");
  replay->callback([&session, arguments] { Replay(session, *arguments); });
}

void AddAuditCommand(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<AuditArguments>();
  CLI::App* audit = app.add_subcommand("audit", "Compares offers and their acceptance over the values of a trait");
  audit->add_option("--trait", arguments->trait, "such as gender")->required();
  AddRange(*audit, arguments->range);
  audit->add_option("--placement", arguments->placement, "of this placement alone");
  audit->add_option("--action", arguments->action, "offers of this action alone; default: any offer");
  audit->add_option("--accepted-by", arguments->accepted_by,
                    "events that accept an offer whose token they carry; default: select_promotion and purchase");
  audit->callback([&session, arguments] { Audit(session, *arguments); });
}

}  // namespace

void AddDecisionLogCommands(CLI::App& app, Session& session) {
  auto id = std::make_shared<std::string>();
  auto token = std::make_shared<std::string>();
  CLI::App* explain = app.add_subcommand("explain", "Why a decision was made as it was, from the log");
  CLI::Option_group* which = explain->add_option_group("decision", "which");
  which->add_option("id", *id, "the decision's id");
  which->add_option("--token", *token, "the token of one of its actions");
  which->require_option(1);
  explain->callback([&session, id, token] { Explain(session, *id, *token); });

  CLI::App* decisions = app.add_subcommand("decisions", "The log of decisions");
  decisions->require_subcommand(1);
  auto range = std::make_shared<Range>();
  auto path = std::make_shared<std::string>();
  CLI::App* dump = decisions->add_subcommand(
      "export",
      "Writes logged decisions to a file that `replay` reads: JSON, one a line, with what was known of the customers");
  dump->add_option("file", *path)->required();
  AddRange(*dump, *range);
  dump->callback([&session, range, path] { Export(session, *range, *path); });

  AddReplayCommand(app, session);
  AddAuditCommand(app, session);
}

}  // namespace waymark::cli
