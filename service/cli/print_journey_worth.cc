#include "service/cli/print_journey_worth.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "service/cli/progress.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

double Units(const v1::Money& money) { return static_cast<double>(money.micros()) / 1e6; }

std::string MoneyText(const v1::Money& money) {
  return absl::StrCat(absl::StrFormat("%.2f", Units(money)), money.currency().empty() ? "" : " ", money.currency());
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", FromTimestamp(time), absl::UTCTimeZone());
}

void AppendSegment(const v1::SegmentStageValues& segment, std::string& out) {
  absl::StrAppend(&out, "  ", segment.segment().empty() ? "everyone" : segment.segment(), " (",
                  Grouped(segment.customers()), " customers)\n");
  for (const v1::StageValue& stage : segment.stages()) {
    const double days = static_cast<double>(stage.mean_stay().seconds()) / 86400;
    absl::StrAppendFormat(&out, "  %16s  %s stays of %.1f days, %s left for good  %s%s\n",
                          stage.has_value() ? MoneyText(stage.value()) : "unknown", Grouped(stage.stays()), days,
                          Grouped(stage.left_for_good()), stage.stage(),
                          stage.has_stated() ? absl::StrCat(" (stated: ", MoneyText(stage.stated()), ")") : "");
  }
}

// As a field of CSV.
std::string Quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

}  // namespace

std::string StageValuesText(const v1::StageValues& values) {
  std::string out = absl::StrFormat(
      "stage values of %s (population %d, playbook %d): %s customers, %.3g %% a year, gone after %d days\n",
      TimeText(values.learned_at()), values.population_version(), values.playbook_version(),
      Grouped(values.customers()), 100 * values.yearly_discount(), values.gone_after().seconds() / 86400);
  for (const v1::JourneyStageValues& journey : values.journeys()) {
    absl::StrAppend(&out, journey.journey(), "\n");
    for (const v1::SegmentStageValues& segment : journey.segments()) AppendSegment(segment, out);
  }
  return out;
}

const std::vector<AttributionMethodName>& AttributionMethods() {
  static const std::vector<AttributionMethodName>& methods = *new std::vector<AttributionMethodName>{
      {"first", &v1::AttributedTo::first},   {"last", &v1::AttributedTo::last},
      {"linear", &v1::AttributedTo::linear}, {"time_decay", &v1::AttributedTo::time_decay},
      {"markov", &v1::AttributedTo::markov}, {"shapley", &v1::AttributedTo::shapley},
  };
  return methods;
}

std::string AttributionText(const v1::Attribution& attribution, const std::vector<size_t>& methods) {
  std::string out = absl::StrCat(Grouped(attribution.conversions()), " conversions, ", MoneyText(attribution.value()),
                                 "; ", Grouped(attribution.unattributed()), " of them (",
                                 MoneyText(attribution.unattributed_value()), ") without a touch before; ",
                                 Grouped(attribution.paths_without_conversion()), " paths without a conversion\n");
  if (attribution.incomplete_paths() > 0) {
    absl::StrAppend(&out, Grouped(attribution.incomplete_paths()), " paths begin before what is kept\n");
  }
  if (attribution.paths_left_out() > 0) {
    absl::StrAppend(&out, Grouped(attribution.paths_left_out()), " paths had no room in the Markov chain\n");
  }
  if (attribution.players().empty()) return out;
  absl::StrAppendFormat(&out, "%10s", "touches");
  for (size_t method : methods) absl::StrAppendFormat(&out, " %12s", AttributionMethods()[method].name);
  absl::StrAppend(&out, "\n");
  for (const v1::AttributedTo& player : attribution.players()) {
    absl::StrAppendFormat(&out, "%10s", Grouped(player.touches()));
    for (size_t method : methods) {
      absl::StrAppendFormat(&out, " %12.2f", (player.*AttributionMethods()[method].credit)().conversions());
    }
    absl::StrAppend(&out, "  ", player.name(), "\n");
  }
  return out;
}

std::string AttributionCsv(const v1::Attribution& attribution, const std::vector<size_t>& methods) {
  std::string out = "name,touches,paths,removal_effect";
  for (size_t method : methods) {
    const char* name = AttributionMethods()[method].name;
    absl::StrAppend(&out, ",", name, "_conversions,", name, "_value");
  }
  absl::StrAppend(&out, ",currency\r\n");
  for (const v1::AttributedTo& player : attribution.players()) {
    absl::StrAppend(&out, Quoted(player.name()), ",", player.touches(), ",", player.paths(), ",",
                    absl::StrFormat("%.6f", player.removal_effect()));
    for (size_t method : methods) {
      const v1::Credit& credit = (player.*AttributionMethods()[method].credit)();
      absl::StrAppendFormat(&out, ",%.6f,%.6f", credit.conversions(), Units(credit.value()));
    }
    absl::StrAppend(&out, ",", attribution.value().currency(), "\r\n");
  }
  return out;
}

}  // namespace waymark::cli
