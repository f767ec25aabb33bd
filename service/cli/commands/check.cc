#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/base/time_zones.h"
#include "service/cli/command.h"
#include "service/cli/print.h"
#include "service/cli/walk_progress.h"
#include "service/playbook/compare.h"
#include "service/playbook/compile.h"

namespace waymark::cli {
namespace {

// Offline; as JSON the answer has the shape of ValidatePlaybook's.
void Check(Session& session, const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return session.Fail(text.status());
  const std::vector<playbook::Problem> problems = playbook::CompilePlaybook(*text, 1, base::TimeZones()).problems;
  if (session.json()) {
    v1::ValidatePlaybookResponse response;
    for (const playbook::Problem& problem : problems) {
      v1::Problem& element = *response.add_problems();
      element.set_field(problem.field);
      element.set_line(problem.line);
      element.set_column(problem.column);
      element.set_message(problem.message);
    }
    session.console.out << Json(response);
    if (!problems.empty()) session.exit_code = kNo;
    return;
  }
  session.Report(path, *text, problems);
  if (problems.empty()) session.console.out << path << ": sound\n";
}

// The service's own word on a playbook that it refused.
void ReportRefused(Session& session, Client& client, const std::string& path, const std::string& text,
                   const absl::Status& refusal) {
  v1::ValidatePlaybookRequest request;
  request.set_text(text);
  v1::ValidatePlaybookResponse response;
  absl::Status status = client.ValidatePlaybook(request, response);
  if (!status.ok() || response.problems().empty()) return session.Fail(refusal);
  std::vector<playbook::Problem> problems;
  for (const v1::Problem& problem : response.problems()) {
    problems.push_back({problem.field(), problem.line(), problem.column(), problem.message()});
  }
  session.Report(path, text, problems);
}

void Apply(Session& session, const std::string& path, int64_t expected_version) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return session.Fail(text.status());
  Client client = session.Connect();
  v1::ApplyPlaybookRequest request;
  request.set_tenant(session.tenant);
  request.set_text(*text);
  if (expected_version >= 0) request.set_expected_version(static_cast<uint64_t>(expected_version));
  v1::ApplyPlaybookResponse response;
  absl::Status status = client.ApplyPlaybook(request, response);
  if (absl::IsInvalidArgument(status)) return ReportRefused(session, client, path, *text, status);
  if (!status.ok()) return session.Fail(status);
  if (session.json()) {
    session.console.out << Json(response);
  } else {
    session.console.out << "version " << response.version()
                        << (response.unchanged() ? ", unchanged\n" : " is served\n");
  }
}

// What applying would change: in the text, and with `impact` for the customers.
void Diff(Session& session, const std::string& path, bool impact) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return session.Fail(text.status());
  Client client = session.Connect();
  v1::GetPlaybookRequest get;
  get.set_tenant(session.tenant);
  v1::GetPlaybookResponse current;
  absl::Status status = client.GetPlaybook(get, current);
  if (!status.ok() && !absl::IsNotFound(status)) return session.Fail(status);
  const std::vector<playbook::Problem> problems = playbook::CompilePlaybook(*text, 1, base::TimeZones()).problems;
  if (!problems.empty()) return session.Report(path, *text, problems);
  const std::vector<playbook::Difference> differences = playbook::ComparePlaybooks(current.text(), *text);
  if (!session.json()) {
    session.console.out << DifferencesText(differences);
  } else if (!impact) {
    session.console.out << DifferencesJson(differences);
  }
  if (!impact) return;
  v1::PreviewPlaybookRequest request;
  request.set_tenant(session.tenant);
  request.set_text(*text);
  v1::PreviewPlaybookResponse last;
  status =
      WithProgress(session, "profiles", last, [&](const auto& each) { return client.PreviewPlaybook(request, each); });
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(last) : PreviewText(last));
}

}  // namespace

void AddPlaybookCommands(CLI::App& app, Session& session) {
  auto path = std::make_shared<std::string>();
  CLI::App* check = app.add_subcommand("check", "Checks a playbook, without a service; tells every problem in it");
  check->add_option("file", *path, "the playbook, as YAML")->required();
  check->callback([&session, path] { Check(session, *path); });

  auto impact = std::make_shared<bool>(false);
  CLI::App* diff = app.add_subcommand("diff", "What applying a playbook would change");
  diff->add_option("file", *path, "the playbook, as YAML")->required();
  diff->add_flag("--impact", *impact, "evaluate it for everyone: who would enter and leave each segment and stage");
  diff->callback([&session, path, impact] { Diff(session, *path, *impact); });

  auto expected = std::make_shared<int64_t>(-1);
  CLI::App* apply = app.add_subcommand("apply", "Makes a playbook the one that is served");
  apply->add_option("file", *path, "the playbook, as YAML")->required();
  apply->add_option("--expected-version", *expected, "refuse where another version came between (0: there is none yet)")
      ->check(CLI::NonNegativeNumber);
  apply->callback([&session, path, expected] { Apply(session, *path, *expected); });
}

}  // namespace waymark::cli
