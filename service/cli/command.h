#ifndef WAYMARK_SERVICE_CLI_COMMAND_H_
#define WAYMARK_SERVICE_CLI_COMMAND_H_

#include <CLI/CLI.hpp>
#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/cli/client.h"
#include "service/playbook/problem.h"

namespace waymark::cli {

enum ExitCode : int {
  kOk = 0,
  kNo = 1,           // the answer is no: problems found, refused lines with --strict
  kUsage = 2,        // the command was given wrongly, or a file of it cannot be read
  kUnavailable = 3,  // no service, or no answer in time
  kRefused = 4,      // the service refused
};

// Where a command reads and writes.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
};

// What all commands share. Lives as long as the run.
struct Session {
  Console& console;
  std::string address = "127.0.0.1:7475";
  std::string tenant = "shop";
  double timeout_seconds = 10;
  std::string output = "text";
  int exit_code = kOk;

  bool json() const { return output == "json"; }
  Client Connect() const { return Client(address, absl::Seconds(timeout_seconds)); }

  // Says what went wrong, and remembers the exit code for it.
  void Fail(const absl::Status& status);
  void Fail(ExitCode code, absl::string_view message);
  // Tells the problems of a file; the exit code is "no" where there are some.
  void Report(const std::string& file, absl::string_view text, const std::vector<playbook::Problem>& problems);
};

// The file's text. NOT_FOUND, PERMISSION_DENIED; OUT_OF_RANGE above 16 MiB.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Each adds its commands. REQUIRES: `session` outlives the parsing of `app`.
void AddPlaybookCommands(CLI::App& app, Session& session);  // check, diff, apply
void AddImportCommand(CLI::App& app, Session& session);
void AddDecisionCommands(CLI::App& app, Session& session);     // decide, content
void AddDecisionLogCommands(CLI::App& app, Session& session);  // explain, decisions, replay, audit
void AddJourneyCommands(CLI::App& app, Session& session);      // journey
void AddJourneyExport(CLI::App& journey, Session& session);    // journey export
void AddRecordCommand(CLI::App& app, Session& session);
void AddProfileCommand(CLI::App& app, Session& session);
void AddSegmentCommands(CLI::App& app, Session& session);     // segments, members, watch, resegment
void AddSegmentDesign(CLI::App& segments, Session& session);  // segments preview, segments suggest
void AddPopulationCommand(CLI::App& app, Session& session);
void AddJourneyWorth(CLI::App& journey, Session& session);       // journey value, journey attribution
void AddJourneyMapCommand(CLI::App& journey, Session& session);  // journey map
void AddBudgetsCommand(CLI::App& app, Session& session);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_COMMAND_H_
