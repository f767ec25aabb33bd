#include "service/cli/print_journey.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

std::string TimeText(const google::protobuf::Timestamp& timestamp) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", FromTimestamp(timestamp), absl::UTCTimeZone());
}

// "3 d 4 h", "4 h 12 min", "12 min".
std::string DurationText(const google::protobuf::Duration& duration) {
  const int64_t minutes = duration.seconds() / 60;
  if (minutes >= 24 * 60) return absl::StrCat(minutes / (24 * 60), " d ", minutes / 60 % 24, " h");
  if (minutes >= 60) return absl::StrCat(minutes / 60, " h ", minutes % 60, " min");
  return absl::StrCat(minutes, " min");
}

absl::string_view OrUnknown(absl::string_view name) { return name.empty() ? "(unknown)" : name; }

std::string MoveText(const v1::StageMove& move) {
  if (!move.has_dwelt()) return absl::StrCat("begins in ", OrUnknown(move.to_stage()));
  return absl::StrCat("moves to ", OrUnknown(move.to_stage()), " after ", DurationText(move.dwelt()));
}

std::string TouchText(const v1::Touch& touch) {
  std::string out(OrUnknown(touch.event()));
  if (!touch.touchpoint().empty()) absl::StrAppend(&out, " at ", touch.touchpoint());
  if (touch.value_micros() != 0)
    absl::StrAppendFormat(&out, ", %.10g", static_cast<double>(touch.value_micros()) / 1e6);
  if (!touch.action().empty()) absl::StrAppend(&out, ", of ", touch.action());
  if (touch.has_emotion()) absl::StrAppendFormat(&out, ", felt %+.2f", touch.emotion());
  // Of control characters a text has no others.
  if (!touch.text().empty())
    absl::StrAppend(&out, ": ", absl::StrReplaceAll(touch.text(), {{"\n", " "}, {"\r", " "}, {"\t", " "}}));
  return out;
}

std::string EntryText(const v1::JourneyEntry& entry) {
  switch (entry.entry_case()) {
    case v1::JourneyEntry::kMove:
      return MoveText(entry.move());
    case v1::JourneyEntry::kTouch:
      return TouchText(entry.touch());
    case v1::JourneyEntry::kShown:
      return absl::StrCat("is given ", OrUnknown(entry.shown().action()), " by ", OrUnknown(entry.shown().channel()));
    default:
      return "";
  }
}

}  // namespace

std::string JourneyText(const v1::GetJourneyResponse& response) {
  const v1::JourneyPosition& position = response.position();
  std::string out = absl::StrFormat("%s: %s since %s (days: %d, visits: %d)\n", position.journey(), position.stage(),
                                    TimeText(position.since()), response.days_in_stage(), response.visits());
  if (!response.goal().empty()) absl::StrAppend(&out, "  goal: ", response.goal(), "\n");
  if (response.expected_touchpoints_size() > 0) {
    absl::StrAppend(&out, "  expected at: ", absl::StrJoin(response.expected_touchpoints(), ", "), "\n");
  }
  for (const v1::JourneyEntry& entry : response.entries()) {
    absl::StrAppendFormat(&out, "%s  %-15s  %s\n", TimeText(entry.time()), entry.stage(), EntryText(entry));
  }
  if (!response.next_page_token().empty()) {
    absl::StrAppend(&out, "older ones: --page-token ", response.next_page_token(), "\n");
  } else if (response.has_trail_from()) {
    absl::StrAppend(&out, "what was before ", TimeText(response.trail_from()), " is not kept\n");
  }
  return out;
}

}  // namespace waymark::cli
