#ifndef WAYMARK_SERVICE_CLI_TRACE_EVENT_H_
#define WAYMARK_SERVICE_CLI_TRACE_EVENT_H_

#include <array>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "waymark/v1/journey.pb.h"

namespace waymark::cli {

// One event of a trace as tools of process mining see it, the same in each format.

enum class TraceColumn : int {
  kKind,  // "touch", "move" or "shown"
  kStage,
  kTouchpoint,
  kChannel,
  kValue,
  kEmotion,
  kAction,
  kDecision,
  kFromStage,
  kToStage,
  kDwelt,
  kText,
};
inline constexpr size_t kTraceColumns = static_cast<size_t>(TraceColumn::kText) + 1;

struct TraceColumnSpec {
  absl::string_view name;
  bool number = false;  // written with a point: "49.9"
};
// By column.
absl::Span<const TraceColumnSpec> TraceColumnSpecs();

struct TraceEvent {
  // The event's type; "enter STAGE" of a move, "show ACTION" of what was shown. "unknown" in the place of a name that
  // the playbook does not have any more.
  std::string activity;
  std::string time;                                 // "2026-01-31T12:00:00.000Z"
  std::array<std::string, kTraceColumns> values{};  // empty: none

  const std::string& operator[](TraceColumn column) const { return values[static_cast<size_t>(column)]; }
  std::string& operator[](TraceColumn column) { return values[static_cast<size_t>(column)]; }
};

TraceEvent ToTraceEvent(const v1::JourneyEntry& entry);

// The customer's segments, with spaces between.
std::string SegmentsText(const v1::CustomerTrace& trace);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_TRACE_EVENT_H_
