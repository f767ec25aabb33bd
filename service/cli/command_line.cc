#include "service/cli/command_line.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "service/cli/command.h"
#include "service/cli/print.h"

namespace waymark::cli {
namespace {

constexpr std::streamsize kMaxFileBytes = 16 << 20;

constexpr char kFooter[] =
    "Exit codes: 0 done; 1 the answer is no (problems found, refused lines with --strict);\n"
    "2 wrong usage or a file that cannot be read; 3 the service is not there or did not answer in time;\n"
    "4 the service refused.\n";

void AddGlobalOptions(CLI::App& app, Session& session) {
  app.add_option("--address", session.address, "host:port of the service")
      ->envname("WAYMARK_ADDRESS")
      ->capture_default_str();
  app.add_option("--tenant", session.tenant, "the shop")->envname("WAYMARK_TENANT")->capture_default_str();
  app.add_option("--timeout", session.timeout_seconds, "seconds that a call may take")
      ->check(CLI::Range(0.001, 86400.0))
      ->capture_default_str();
  app.add_option("--output", session.output, "json: the answers as protobuf's JSON, one a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

}  // namespace

void Session::Fail(const absl::Status& status) {
  const bool away = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);  // no file ever says so
  if (!away && !IsRemote(status)) return Fail(kUsage, status.message());
  Fail(away ? kUnavailable : kRefused,
       absl::StrCat(address, ": ", absl::StatusCodeToString(status.code()), ": ", status.message()));
}

void Session::Fail(ExitCode code, absl::string_view message) {
  console.err << "waymark: " << message << "\n";
  exit_code = code;
}

void Session::Report(const std::string& file, absl::string_view text, const std::vector<playbook::Problem>& problems) {
  for (const playbook::Problem& problem : problems) console.err << ProblemText(file, text, problem);
  if (!problems.empty()) exit_code = kNo;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || (file.peek() != std::ifstream::traits_type::eof() && !(text << file.rdbuf()))) {
    return absl::ErrnoToStatus(errno == 0 ? EIO : errno, path);
  }
  if (static_cast<std::streamsize>(text.tellp()) > kMaxFileBytes) {
    return absl::OutOfRangeError(absl::StrCat(path, ": more than 16 MiB"));
  }
  return text.str();
}

int RunWaymark(std::vector<std::string> arguments, std::istream& in, std::ostream& out, std::ostream& err,
               bool err_is_terminal) {
  Console console{in, out, err, err_is_terminal};
  Session session{console};
  CLI::App app("Talks to a Waymark service: what to do next for each customer.", "waymark");
  app.require_subcommand(1);
  app.fallthrough();  // global options may also come after the command
  app.footer(kFooter);
  AddGlobalOptions(app, session);
  AddPlaybookCommands(app, session);
  AddImportCommand(app, session);
  AddDecisionCommands(app, session);
  AddDecisionLogCommands(app, session);
  AddRecordCommand(app, session);
  AddProfileCommand(app, session);
  AddSegmentCommands(app, session);
  AddPopulationCommand(app, session);
  AddJourneyCommands(app, session);
  AddBudgetsCommand(app, session);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  try {
    app.parse(arguments);
  } catch (const CLI::Success& help) {
    app.exit(help, out, err);
    return kOk;
  } catch (const CLI::ParseError& error) {
    err << "waymark: " << error.what() << "\nwaymark: see waymark --help\n";
    return kUsage;
  }
  out.flush();
  return session.exit_code;
}

}  // namespace waymark::cli
