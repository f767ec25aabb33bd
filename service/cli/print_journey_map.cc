#include "service/cli/print_journey_map.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/cli/progress.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

constexpr size_t kMaxShownTouchpoints = 12;

std::string TimeText(const google::protobuf::Timestamp& timestamp) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", FromTimestamp(timestamp), absl::UTCTimeZone());
}

// "3.2 d", "4.5 h", "12 min".
std::string DurationText(const google::protobuf::Duration& duration) {
  const double minutes = static_cast<double>(duration.seconds()) / 60;
  if (minutes >= 48 * 60) return absl::StrFormat("%.1f d", minutes / (24 * 60));
  if (minutes >= 120) return absl::StrFormat("%.1f h", minutes / 60);
  return absl::StrFormat("%.0f min", minutes);
}

std::string ShareText(const v1::Share& share) {
  return absl::StrFormat("%.1f %% of %s", 100 * share.share(), Grouped(share.of()));
}

std::string EmotionText(const v1::Emotion& emotion) {
  return absl::StrFormat("%+.2f (%+.2f to %+.2f, %s people)", emotion.mean(), emotion.low(), emotion.high(),
                         Grouped(emotion.people()));
}

absl::string_view OrNone(absl::string_view name) { return name.empty() ? "(none)" : name; }

void AppendSelection(const v1::JourneyMap& map, std::string& out) {
  const v1::MapSelection& selection = map.selection();
  std::vector<std::string> parts;
  if (selection.has_from()) parts.push_back(absl::StrCat("from ", TimeText(selection.from())));
  if (selection.has_until()) parts.push_back(absl::StrCat("until ", TimeText(selection.until())));
  if (!selection.segment().empty()) parts.push_back(absl::StrCat("segment ", selection.segment()));
  if (!selection.persona().empty()) parts.push_back(absl::StrCat("persona ", selection.persona()));
  absl::StrAppend(&out, map.journey(), ": ", Grouped(map.customers()), " customers (",
                  parts.empty() ? "everyone, all that is kept" : absl::StrJoin(parts, ", "), ") as of ",
                  TimeText(map.as_of()), ", playbook ", map.playbook_version(), "\n");
  if (map.incomplete_customers() > 0) {
    absl::StrAppend(&out, "  of ", Grouped(map.incomplete_customers()), " the beginning is not kept any more\n");
  }
}

void AppendStage(const v1::MapStage& stage, std::string& out) {
  absl::StrAppend(&out, "  ", OrNone(stage.stage()), ": ", Grouped(stage.standing()), " stand here, ",
                  Grouped(stage.entries()), " entries of ", Grouped(stage.customers()), " customers, ",
                  Grouped(stage.volume()), " events\n");
  if (stage.progressed().of() > 0) {
    absl::StrAppend(&out, "    moved on ", ShareText(stage.progressed()), ", fell back ", ShareText(stage.dropped()));
    if (stage.has_dwell_median()) {
      absl::StrAppend(&out, "; stayed ", DurationText(stage.dwell_median()), " (nine in ten up to ",
                      DurationText(stage.dwell_p90()), ")");
    }
    absl::StrAppend(&out, "\n");
  }
  if (stage.has_emotion()) absl::StrAppend(&out, "    felt ", EmotionText(stage.emotion()), "\n");
}

// The largest.
void AppendTouchpoints(const v1::JourneyMap& map, std::string& out) {
  std::vector<const v1::MapTouchpoint*> largest;
  for (const v1::MapTouchpoint& touchpoint : map.touchpoints()) largest.push_back(&touchpoint);
  std::stable_sort(largest.begin(), largest.end(),
                   [](const auto* a, const auto* b) { return a->volume() > b->volume(); });
  largest.resize(std::min(largest.size(), kMaxShownTouchpoints));
  absl::StrAppend(&out, "touchpoints (", Grouped(map.touchpoints_size()), ")\n");
  for (const v1::MapTouchpoint* touchpoint : largest) {
    absl::StrAppend(&out, "  ", OrNone(touchpoint->touchpoint()), ": ", Grouped(touchpoint->volume()), " events of ",
                    Grouped(touchpoint->customers()), " customers", touchpoint->undeclared() ? ", not declared" : "");
    if (touchpoint->has_emotion()) absl::StrAppend(&out, ", felt ", EmotionText(touchpoint->emotion()));
    absl::StrAppend(&out, "\n");
  }
}

void AppendFindings(const v1::JourneyMap& map, std::string& out) {
  if (!map.pain_points().empty()) absl::StrAppend(&out, "pain points\n");
  for (const v1::PainPoint& pain : map.pain_points()) absl::StrAppend(&out, "  ", pain.evidence(), "\n");
  if (!map.opportunities().empty()) absl::StrAppend(&out, "what precedes progress\n");
  for (const v1::Opportunity& opportunity : map.opportunities()) {
    absl::StrAppendFormat(&out, "  %s, %s: %s with, %s without (p %.2g)\n", opportunity.stage(),
                          opportunity.action().empty() ? OrNone(opportunity.touchpoint()) : opportunity.action(),
                          ShareText(opportunity.with()), ShareText(opportunity.without()), opportunity.p_value());
  }
}

void AppendScore(absl::string_view name, bool known, const v1::ScoreKpi& score, std::string& out) {
  if (!known) return;
  absl::StrAppendFormat(&out, "  %s %.2f (%.2f to %.2f), %s satisfied\n", name, score.mean(), score.low(), score.high(),
                        ShareText(score.satisfied()));
}

void AppendKpis(const v1::JourneyKpis& kpis, std::string& out) {
  absl::StrAppend(&out, "KPIs\n");
  if (kpis.has_nps()) {
    absl::StrAppendFormat(&out, "  NPS %.0f (%.0f to %.0f): %s promoters, %s passives, %s detractors\n",
                          kpis.nps().score(), kpis.nps().low(), kpis.nps().high(), Grouped(kpis.nps().promoters()),
                          Grouped(kpis.nps().passives()), Grouped(kpis.nps().detractors()));
  }
  AppendScore("CSAT", kpis.has_csat(), kpis.csat(), out);
  AppendScore("CES", kpis.has_ces(), kpis.ces(), out);
  AppendScore("stars", kpis.has_rating(), kpis.rating(), out);
  for (const v1::StageReach& reach : kpis.reach()) {
    absl::StrAppend(&out, "  reached ", reach.stage(), " ", ShareText(reach.reached()), "\n");
  }
  absl::StrAppendFormat(&out, "  revenue %.2f %s, %.2f a customer\n",
                        static_cast<double>(kpis.revenue().micros()) / 1e6, kpis.revenue().currency(),
                        kpis.revenue_per_customer());
  if (kpis.has_lifetime_value()) absl::StrAppendFormat(&out, "  lifetime value %.2f\n", kpis.lifetime_value());
  absl::StrAppend(&out, "  bought again ", ShareText(kpis.repeat_buyers()), "\n");
  if (kpis.has_churned()) absl::StrAppend(&out, "  churned ", ShareText(kpis.churned()), "\n");
  absl::StrAppend(&out, "  onboarded ", ShareText(kpis.onboarded()), ", advocates ", ShareText(kpis.advocates()), "\n");
}

void AppendMap(const v1::JourneyMap& map, std::string& out) {
  AppendSelection(map, out);
  for (const v1::MapStage& stage : map.stages()) AppendStage(stage, out);
  AppendTouchpoints(map, out);
  AppendFindings(map, out);
  AppendKpis(map.kpis(), out);
  absl::StrAppend(&out, "  followed the declared road ", ShareText(map.conformance().followed()), "\n");
}

// A line of the table, column by column.
struct Row {
  std::string kind;
  std::string stage;
  std::string touchpoint;
  std::string channel;
  std::string volume;
  std::string customers;
  std::string entries;
  std::string standing;
  std::string progressed;
  std::string dropped;
  std::string dwell_median_seconds;
  std::string dwell_p90_seconds;
  std::string emotion;
  std::string emotion_low;
  std::string emotion_high;
  std::string emotion_people;
};

constexpr char kHeader[] =
    "map,kind,stage,touchpoint,channel,volume,customers,entries,standing,progressed,dropped,dwell_median_seconds,"
    "dwell_p90_seconds,emotion,emotion_low,emotion_high,emotion_people\r\n";

std::string Quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::string Number(double value) { return absl::StrFormat("%.10g", value); }

std::string Seconds(const google::protobuf::Duration& duration) {
  return Number(static_cast<double>(duration.seconds()) + static_cast<double>(duration.nanos()) / 1e9);
}

void SetShare(const v1::Share& share, std::string& text) {
  if (share.of() > 0) text = Number(share.share());
}

template <typename Element>
void SetEmotion(const Element& element, Row& row) {
  if (!element.has_emotion()) return;
  row.emotion = Number(element.emotion().mean());
  row.emotion_low = Number(element.emotion().low());
  row.emotion_high = Number(element.emotion().high());
  row.emotion_people = absl::StrCat(element.emotion().people());
}

void AppendRow(absl::string_view map, const Row& row, std::string& out) {
  const std::string* const texts[] = {&row.kind,
                                      &row.stage,
                                      &row.touchpoint,
                                      &row.channel,
                                      &row.volume,
                                      &row.customers,
                                      &row.entries,
                                      &row.standing,
                                      &row.progressed,
                                      &row.dropped,
                                      &row.dwell_median_seconds,
                                      &row.dwell_p90_seconds,
                                      &row.emotion,
                                      &row.emotion_low,
                                      &row.emotion_high,
                                      &row.emotion_people};
  absl::StrAppend(&out, map);
  for (const std::string* text : texts) absl::StrAppend(&out, ",", Quoted(*text));
  absl::StrAppend(&out, "\r\n");
}

Row RowOf(const v1::MapStage& stage) {
  Row row{.kind = "stage",
          .stage = stage.stage(),
          .volume = absl::StrCat(stage.volume()),
          .customers = absl::StrCat(stage.customers()),
          .entries = absl::StrCat(stage.entries()),
          .standing = absl::StrCat(stage.standing())};
  SetShare(stage.progressed(), row.progressed);
  SetShare(stage.dropped(), row.dropped);
  if (stage.has_dwell_median()) row.dwell_median_seconds = Seconds(stage.dwell_median());
  if (stage.has_dwell_p90()) row.dwell_p90_seconds = Seconds(stage.dwell_p90());
  SetEmotion(stage, row);
  return row;
}

void AppendTable(absl::string_view name, const v1::JourneyMap& map, std::string& out) {
  for (const v1::MapStage& stage : map.stages()) AppendRow(name, RowOf(stage), out);
  for (const v1::MapTouchpoint& touchpoint : map.touchpoints()) {
    Row row{.kind = "touchpoint",
            .touchpoint = touchpoint.touchpoint(),
            .channel = touchpoint.channel(),
            .volume = absl::StrCat(touchpoint.volume()),
            .customers = absl::StrCat(touchpoint.customers())};
    SetEmotion(touchpoint, row);
    AppendRow(name, row, out);
  }
  for (const v1::MapCell& cell : map.cells()) {
    Row row{.kind = "cell",
            .stage = cell.stage(),
            .touchpoint = cell.touchpoint(),
            .volume = absl::StrCat(cell.volume()),
            .customers = absl::StrCat(cell.customers())};
    SetShare(cell.progressed(), row.progressed);
    SetEmotion(cell, row);
    AppendRow(name, row, out);
  }
}

}  // namespace

std::string JourneyMapText(const v1::GetJourneyMapResponse& response) {
  std::string out;
  AppendMap(response.map(), out);
  if (response.has_compared()) {
    absl::StrAppend(&out, "\ncompared with\n");
    AppendMap(response.compared(), out);
  }
  return out;
}

std::string JourneyMapCsv(const v1::GetJourneyMapResponse& response) {
  std::string out = kHeader;
  AppendTable("selected", response.map(), out);
  if (response.has_compared()) AppendTable("compared", response.compared(), out);
  return out;
}

}  // namespace waymark::cli
