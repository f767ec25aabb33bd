#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "service/cli/command.h"
#include "service/cli/importer.h"
#include "service/cli/mapping.h"
#include "service/cli/print.h"
#include "service/cli/progress.h"
#include "service/playbook/yaml_reader.h"

namespace waymark::cli {
namespace {

struct ImportArguments {
  std::string mapping;
  std::string data;
  bool strict = false;
  int workers = 8;
};

// Progress and refusals on stderr, from several threads. Thread-safe.
class Display {
 public:
  explicit Display(Console& console) : console_(console), progress_(console.err_is_terminal, "lines", absl::Now()) {}

  void Show(const ProgressState& state) {
    absl::MutexLock lock(&mutex_);
    const std::string text = progress_.Update(state, absl::Now());
    if (!text.empty()) console_.err << text << std::flush;
  }

  // The first 20 are shown, all are counted.
  void Refuse(absl::string_view file, int line, absl::string_view reason) {
    absl::MutexLock lock(&mutex_);
    if (++refused_ > kShown) return;
    console_.err << progress_.Clear() << "waymark: " << file << ":" << line << ": " << reason << "\n";
  }

  void Finish() {
    absl::MutexLock lock(&mutex_);
    console_.err << progress_.Clear();
    if (refused_ > kShown) console_.err << "waymark: and " << Grouped(refused_ - kShown) << " more refused\n";
    console_.err << std::flush;
  }

 private:
  static constexpr int64_t kShown = 20;

  absl::Mutex mutex_;
  Console& console_ ABSL_GUARDED_BY(mutex_);
  Progress progress_ ABSL_GUARDED_BY(mutex_);
  int64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
};

// False, and the problems told, where the mapping cannot be used.
bool ReadMapping(Session& session, const std::string& path, playbook::v1::ImportMapping& mapping) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    session.Fail(text.status());
    return false;
  }
  playbook::Reading reading = playbook::ReadYaml(*text, mapping);
  if (reading.problems.empty()) {
    reading.problems = CheckMapping(mapping);
    for (playbook::Problem& problem : reading.problems) {
      const playbook::Position at = reading.positions.Of(problem.field);
      problem.line = at.line;
      problem.column = at.column;
    }
  }
  session.Report(path, *text, reading.problems);
  return reading.problems.empty();
}

void Import(Session& session, const ImportArguments& arguments) {
  playbook::v1::ImportMapping mapping;
  if (!ReadMapping(session, arguments.mapping, mapping)) return;
  Client client = session.Connect();
  Display display(session.console);
  ImportOptions options;
  options.folder =
      arguments.data.empty() ? std::filesystem::path(arguments.mapping).parent_path().string() : arguments.data;
  options.sender.tenant = session.tenant;
  options.sender.workers = arguments.workers;
  options.refused = [&](absl::string_view file, int line, absl::string_view reason) {
    display.Refuse(file, line, reason);
  };
  options.progress = [&](const ProgressState& state) { display.Show(state); };
  absl::StatusOr<ImportSummary> summary = RunImport(mapping, TargetOf(client), options);
  display.Finish();
  if (!summary.ok()) return session.Fail(summary.status());
  session.console.out << (session.json() ? ImportJson(*summary) : ImportText(*summary));
  if (arguments.strict && summary->refused > 0) session.exit_code = kNo;
}

}  // namespace

void AddImportCommand(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* import = app.add_subcommand("import", "Reads customers and events from files, as a mapping says");
  import->add_option("mapping", arguments->mapping, "the import mapping, as YAML")->required();
  import->add_option("--data", arguments->data, "the folder of the mapping's files; default: the mapping's own");
  import->add_flag("--strict", arguments->strict, "end with 1 where a line was refused");
  import->add_option("--workers", arguments->workers, "calls in flight")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  import->callback([&session, arguments] { Import(session, *arguments);
});
}  // namespace waymark::cli

}  // namespace waymark::cli
