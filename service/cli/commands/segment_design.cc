#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "service/cli/command.h"
#include "service/cli/print.h"
#include "service/cli/walk_progress.h"

namespace waymark::cli {
namespace {

struct Preview {
  std::string segment;
  std::string when;
  int sample = 10;
};

// What an error "FIELD: LINE:COLUMN: message" says of the field.
absl::optional<playbook::Problem> ProblemOf(const absl::Status& status, absl::string_view field) {
  absl::string_view message = status.message();
  if (!absl::IsInvalidArgument(status) || !absl::ConsumePrefix(&message, field)) return absl::nullopt;
  playbook::Problem problem{.field = std::string(field)};
  const std::vector<std::string> parts = absl::StrSplit(message, absl::MaxSplits(": ", 2));
  if (parts.size() != 3) return absl::nullopt;
  const std::vector<absl::string_view> place = absl::StrSplit(parts[1], ':');
  if (place.size() != 2 || !absl::SimpleAtoi(place[0], &problem.line) || !absl::SimpleAtoi(place[1], &problem.column)) {
    return absl::nullopt;
  }
  problem.message = parts[2];
  return problem;
}

// A mistake of the rule is shown with its place, as a playbook's is.
void ShowPreview(Session& session, const Preview& preview) {
  v1::PreviewSegmentRequest request;
  request.set_tenant(session.tenant);
  request.set_segment(preview.segment);
  request.set_when(preview.when);
  request.set_sample(preview.sample);
  v1::PreviewSegmentResponse last;
  Client client = session.Connect();
  const absl::Status status =
      WithProgress(session, "profiles", last, [&](const auto& each) { return client.PreviewSegment(request, each); });
  const absl::optional<playbook::Problem> problem = ProblemOf(status, "when");
  if (problem.has_value()) return session.Report("rule", preview.when, {*problem});
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(last) : PreviewText(last));
}

struct Search {
  std::string event;
  double within_days = 0;
  int max = 10;
  uint64_t seed = 1;
};

void Suggest(Session& session, const Search& search) {
  v1::SuggestSegmentsRequest request;
  request.set_tenant(session.tenant);
  request.set_event(search.event);
  if (search.within_days > 0) {
    request.mutable_within()->set_seconds(static_cast<int64_t>(search.within_days * 24 * 60 * 60));
  }
  request.set_max(search.max);
  request.set_seed(search.seed);
  v1::SuggestSegmentsResponse last;
  Client client = session.Connect();
  const absl::Status status =
      WithProgress(session, "profiles", last, [&](const auto& each) { return client.SuggestSegments(request, each); });
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(last) : SuggestionsText(last));
}

}  // namespace

void AddSegmentDesign(CLI::App& segments, Session& session) {
  auto preview = std::make_shared<Preview>();
  CLI::App* show = segments.add_subcommand("preview", "What a rule would hold, before it is applied");
  show->add_option("when", preview->when, "the rule, as CEL")->required();
  show->add_option("--segment", preview->segment, "a segment of the playbook that would get this rule");
  show->add_option("--sample", preview->sample, "how many customers to name of each: members, entering, leaving")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  show->callback([&session, preview] { ShowPreview(session, *preview); });

  auto search = std::make_shared<Search>();
  CLI::App* suggest =
      segments.add_subcommand("suggest", "Proposes rules that separate those who did something from the others");
  suggest->add_option("--event", search->event, "the event that makes a converter; default: the playbook's purchase");
  suggest->add_option("--within", search->within_days, "days; default: ever")->check(CLI::Range(0.00002, 36600.0));
  suggest->add_option("--max", search->max, "how many")->check(CLI::Range(1, 100))->capture_default_str();
  suggest->add_option("--seed", search->seed)->capture_default_str();
  suggest->callback([&session, search] { Suggest(session, *search); });
}

}  // namespace waymark::cli
