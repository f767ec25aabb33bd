#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/cli/command.h"
#include "service/cli/conversions.h"
#include "service/cli/journey_page.h"
#include "service/cli/print.h"
#include "service/cli/print_journey_map.h"
#include "service/cli/timestamps.h"
#include "service/cli/walk_progress.h"

namespace waymark::cli {
namespace {

struct SelectionFlags {
  std::string from;
  std::string until;
  std::string segment;
  std::string persona;

  bool any() const { return !from.empty() || !until.empty() || !segment.empty() || !persona.empty(); }
};

struct MapFlags {
  std::string journey;
  SelectionFlags selection;
  SelectionFlags compared;
  double max_age_minutes = 5;
  int min_people = 0;
  std::string format;
  std::string language = "en";
};

absl::Status SetTime(const std::string& flag, const std::string& text, google::protobuf::Timestamp* timestamp) {
  const absl::optional<absl::Time> time = ParseTimeText(text, {});
  if (!time.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(flag,
                                                   ": a day, such as 2026-07-01, or a time, such as "
                                                   "2026-07-01T12:00:00Z"));
  }
  *timestamp = ToTimestamp(*time);
  return absl::OkStatus();
}

absl::Status SetSelection(const std::string& prefix, const SelectionFlags& flags, v1::MapSelection& selection) {
  selection.set_segment(flags.segment);
  selection.set_persona(flags.persona);
  absl::Status status;
  if (!flags.from.empty()) status = SetTime(absl::StrCat(prefix, "from"), flags.from, selection.mutable_from());
  if (status.ok() && !flags.until.empty()) {
    status = SetTime(absl::StrCat(prefix, "until"), flags.until, selection.mutable_until());
  }
  return status;
}

std::string Written(const v1::GetJourneyMapResponse& response, const std::string& format, Language language,
                    bool as_json) {
  if (format == "csv") return JourneyMapCsv(response);
  if (format == "html") return JourneyPage(response, language, absl::Now());
  if (format == "svg") return JourneySvg(response, language);
  return as_json || format == "json" ? Json(response) : JourneyMapText(response);
}

void Map(Session& session, const MapFlags& flags) {
  v1::GetJourneyMapRequest request;
  request.set_tenant(session.tenant);
  request.set_journey(flags.journey);
  request.set_min_people(flags.min_people);
  const absl::Duration age = absl::Minutes(flags.max_age_minutes);
  request.mutable_max_age()->set_seconds(absl::ToInt64Seconds(age));
  absl::Status status = SetSelection("--", flags.selection, *request.mutable_selection());
  if (status.ok() && flags.compared.any()) {
    status = SetSelection("--compare-", flags.compared, *request.mutable_compare_with());
  }
  if (!status.ok()) return session.Fail(status);
  v1::GetJourneyMapResponse last;
  Client client = session.Connect();
  status =
      WithProgress(session, "profiles", last, [&](const auto& each) { return client.GetJourneyMap(request, each); });
  if (!status.ok()) return session.Fail(status);
  const Language language = flags.language == "de" ? Language::kGerman : Language::kEnglish;
  session.console.out << Written(last, flags.format, language, session.json());
}

void AddSelection(CLI::App& map, const std::string& prefix, const std::string& whom, SelectionFlags& flags) {
  map.add_option(absl::StrCat("--", prefix, "from"), flags.from,
                 absl::StrCat(whom, ": what happened from this day or time on (UTC)"));
  map.add_option(absl::StrCat("--", prefix, "until"), flags.until, "what happened before it. Default: now");
  map.add_option(absl::StrCat("--", prefix, "segment"), flags.segment, "only customers who are in it now");
  map.add_option(absl::StrCat("--", prefix, "persona"), flags.persona, "only customers who are like it now");
}

}  // namespace

void AddJourneyMapCommand(CLI::App& journey, Session& session) {
  auto flags = std::make_shared<MapFlags>();
  CLI::App* map = journey.add_subcommand("map", "What everyone does on the road: stages, touchpoints, what hurts");
  map->add_option("--journey", flags->journey, "which journey. Default: the primary one");
  AddSelection(*map, "", "the map", flags->selection);
  AddSelection(*map, "compare-", "beside it a map to compare with", flags->compared);
  map->add_option("--max-age", flags->max_age_minutes,
                  "minutes: one that is no older is not made again; 0: make it now")
      ->check(CLI::Range(0.0, 527'040.0))
      ->capture_default_str();
  map->add_option("--min-people", flags->min_people, "of how many people an emotion is shown at least. Default: 10")
      ->check(CLI::Range(5, 1'000'000));
  map->add_option("--output", flags->format,
                  "text, json, csv (a line a stage, touchpoint and cell), html (a page for people), svg (a picture)")
      ->check(CLI::IsMember({"text", "json", "csv", "html", "svg"}));
  map->add_option("--language", flags->language, "of the page and the picture: en, de")
      ->check(CLI::IsMember({"en", "de"}))
      ->capture_default_str();
  map->callback([&session, flags] { Map(session, *flags); });
}

}  // namespace waymark::cli
