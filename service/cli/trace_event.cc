#include "service/cli/trace_event.h"

#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

constexpr TraceColumnSpec kSpecs[] = {
    {"kind"},   {"stage"},    {"touchpoint"}, {"channel"},  {"value", true},         {"emotion", true},
    {"action"}, {"decision"}, {"from_stage"}, {"to_stage"}, {"dwelt_seconds", true}, {"text"},
};
static_assert(std::size(kSpecs) == kTraceColumns);

constexpr int64_t kMillion = 1'000'000;

// Millionths as a decimal number, exactly, and no digit more than it needs: "-0.5".
std::string MillionthsText(int64_t millionths) {
  const uint64_t size = millionths < 0 ? 0 - static_cast<uint64_t>(millionths) : static_cast<uint64_t>(millionths);
  std::string text = absl::StrCat(millionths < 0 ? "-" : "", size / kMillion);
  if (size % kMillion == 0) return text;
  std::string digits = absl::StrFormat("%06d", size % kMillion);
  digits.erase(digits.find_last_not_of('0') + 1);
  return absl::StrCat(text, ".", digits);
}

std::string OrUnknown(const std::string& name) { return name.empty() ? "unknown" : name; }

void SetMove(const v1::StageMove& move, TraceEvent& event) {
  event.activity = absl::StrCat("enter ", OrUnknown(move.to_stage()));
  event[TraceColumn::kKind] = "move";
  event[TraceColumn::kFromStage] = move.from_stage();
  event[TraceColumn::kToStage] = move.to_stage();
  if (move.has_dwelt())
    event[TraceColumn::kDwelt] = MillionthsText(move.dwelt().seconds() * kMillion + move.dwelt().nanos() / 1000);
}

void SetTouch(const v1::Touch& touch, TraceEvent& event) {
  event.activity = OrUnknown(touch.event());
  event[TraceColumn::kKind] = "touch";
  event[TraceColumn::kTouchpoint] = touch.touchpoint();
  event[TraceColumn::kChannel] = touch.touchpoint().substr(0, touch.touchpoint().find('/'));
  if (touch.value_micros() != 0) event[TraceColumn::kValue] = MillionthsText(touch.value_micros());
  if (touch.has_emotion()) event[TraceColumn::kEmotion] = absl::StrCat(touch.emotion());
  event[TraceColumn::kAction] = touch.action();
  event[TraceColumn::kText] = touch.text();
}

void SetShown(const v1::ShownAction& shown, TraceEvent& event) {
  event.activity = absl::StrCat("show ", OrUnknown(shown.action()));
  event[TraceColumn::kKind] = "shown";
  event[TraceColumn::kChannel] = shown.channel();
  event[TraceColumn::kAction] = shown.action();
  event[TraceColumn::kDecision] = shown.decision();
}

}  // namespace

absl::Span<const TraceColumnSpec> TraceColumnSpecs() { return kSpecs; }

TraceEvent ToTraceEvent(const v1::JourneyEntry& entry) {
  TraceEvent event;
  event.time = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", FromTimestamp(entry.time()), absl::UTCTimeZone());
  event[TraceColumn::kStage] = entry.stage();
  if (entry.has_move()) {
    SetMove(entry.move(), event);
  } else if (entry.has_touch()) {
    SetTouch(entry.touch(), event);
  } else {
    SetShown(entry.shown(), event);
  }
  return event;
}

std::string SegmentsText(const v1::CustomerTrace& trace) { return absl::StrJoin(trace.segments(), " "); }

}  // namespace waymark::cli
