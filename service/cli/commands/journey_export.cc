#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "service/cli/command.h"
#include "service/cli/conversions.h"
#include "service/cli/output_file.h"
#include "service/cli/print.h"
#include "service/cli/timestamps.h"
#include "service/cli/trace_writers.h"
#include "service/cli/walk_progress.h"

namespace waymark::cli {
namespace {

struct ExportArguments {
  std::string format;
  std::string out;
  std::string from;
  std::string until;
  v1::ExportJourneysRequest request;
};

absl::Status SetPeriod(const ExportArguments& arguments, v1::MapSelection& selection) {
  const auto parse = [](absl::string_view option, const std::string& text, auto set) {
    if (text.empty()) return absl::OkStatus();
    const absl::optional<absl::Time> time = ParseTimeText(text, {});
    if (!time.has_value()) return absl::InvalidArgumentError(absl::StrCat(option, ": not a time: ", text));
    set(ToTimestamp(*time));
    return absl::OkStatus();
  };
  absl::Status status = parse("--from", arguments.from, [&](const auto& time) { *selection.mutable_from() = time; });
  if (!status.ok()) return status;
  return parse("--until", arguments.until, [&](const auto& time) { *selection.mutable_until() = time; });
}

absl::StatusOr<std::unique_ptr<TraceWriter>> NewWriter(const ExportArguments& arguments, OutputFile& file) {
  TraceWriter::Sink sink = [&file](absl::string_view text) { return file.Write(text); };
  if (arguments.format == "xes") return NewXesWriter(std::move(sink));
  if (arguments.format == "csv") return NewCsvTraceWriter(std::move(sink));
  absl::StatusOr<std::unique_ptr<SpoolFile>> spool = SpoolFile::Create(arguments.out);
  if (!spool.ok()) return spool.status();
  return NewOcelWriter(std::move(sink), *std::move(spool));
}

struct Exported {
  int64_t traces = 0;
  int64_t events = 0;
  int64_t damaged = 0;
};

absl::StatusOr<Exported> Export(Session& session, const ExportArguments& arguments) {
  absl::StatusOr<std::unique_ptr<OutputFile>> file = OutputFile::Create(arguments.out);
  if (!file.ok()) return file.status();
  const absl::StatusOr<std::unique_ptr<TraceWriter>> writer = NewWriter(arguments, **file);
  if (!writer.ok()) return writer.status();
  absl::Status status = (*writer)->Begin();
  if (!status.ok()) return status;
  Client client = session.Connect();
  Exported exported;
  v1::ExportJourneysResponse last;
  status = WithProgress(session, "profiles", last, [&](const auto& each) {
    return client.ExportJourneys(arguments.request, [&](v1::ExportJourneysResponse& response) {
      for (const v1::CustomerTrace& trace : response.traces()) {
        absl::Status added = (*writer)->Add(trace);
        if (!added.ok()) return added;
        exported.events += trace.entries_size();
      }
      exported.traces += response.traces_size();
      exported.damaged = response.damaged();
      response.clear_traces();
      each(response);
      return absl::OkStatus();
    });
  });
  if (status.ok()) status = (*writer)->End();
  if (status.ok()) status = (*file)->Complete();
  if (!status.ok()) return status;
  return exported;
}

void Run(Session& session, ExportArguments& arguments) {
  arguments.request.set_tenant(session.tenant);
  absl::Status status = SetPeriod(arguments, *arguments.request.mutable_selection());
  if (!status.ok()) return session.Fail(status);
  const absl::StatusOr<Exported> exported = Export(session, arguments);
  if (!exported.ok()) return session.Fail(exported.status());
  if (session.json()) {
    session.console.out << absl::StrCat(R"({"customers":)", exported->traces, R"(,"events":)", exported->events,
                                        R"(,"damaged":)", exported->damaged, "}\n");
    return;
  }
  session.console.out << Grouped(exported->events) << " events of " << Grouped(exported->traces) << " customers in "
                      << arguments.out << "\n";
  if (exported->damaged > 0)
    session.console.err << "waymark: " << Grouped(exported->damaged) << " damaged profiles are left out\n";
}

}  // namespace

void AddJourneyExport(CLI::App& journey, Session& session) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command = journey.add_subcommand(
      "export", "Writes what everyone did, for tools of process mining (pm4py, ProM, Celonis, Disco)");
  command->add_option("out", arguments->out, "the file; one that is there is replaced once the new one is whole")
      ->required();
  command->add_option("--format", arguments->format, "xes (1.0), ocel (2.0, JSON) or csv")
      ->check(CLI::IsMember({"xes", "ocel", "csv"}))
      ->required();
  command->add_option_function<std::string>(
      "--journey", [arguments](const std::string& name) { arguments->request.set_journey(name); },
      "the journey; else the primary one");
  command->add_option("--from", arguments->from, "what happened then or later, such as 2026-07-01T00:00:00Z");
  command->add_option("--until", arguments->until, "what happened before");
  command->add_option_function<std::string>(
      "--segment", [arguments](const std::string& name) { arguments->request.mutable_selection()->set_segment(name); },
      "only customers who are in it now");
  command->add_option_function<std::string>(
      "--persona", [arguments](const std::string& name) { arguments->request.mutable_selection()->set_persona(name); },
      "only customers whose persona it is now");
  command->add_flag_callback(
      "--with-customer-ids", [arguments] { arguments->request.set_with_customer_ids(true); },
      "give customers their own ids, and what they wrote; else pseudonyms, and no texts");
  command->callback([&session, arguments] { Run(session, *arguments); });
}

}  // namespace waymark::cli
