#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/cli/trace_event.h"
#include "service/cli/trace_writers.h"

namespace waymark::cli {
namespace {

void AppendCell(absl::string_view text, std::string& out) {
  if (!out.empty() && out.back() != '\n') out.push_back(',');
  if (text.find_first_of(absl::string_view(",\"\n\r\0", 5)) == absl::string_view::npos) {
    absl::StrAppend(&out, text);
    return;
  }
  absl::StrAppend(&out, "\"", absl::StrReplaceAll(text, {{"\"", "\"\""}, {absl::string_view("\0", 1), "\xEF\xBF\xBD"}}),
                  "\"");
}

class CsvTraceWriter final : public TraceWriter {
 public:
  explicit CsvTraceWriter(Sink sink) : sink_(std::move(sink)) {}

  absl::Status Begin() override {
    std::string line = "case_id,activity,timestamp";
    for (const TraceColumnSpec& column : TraceColumnSpecs()) absl::StrAppend(&line, ",", column.name);
    return sink_(line + ",segments\n");
  }

  absl::Status Add(const v1::CustomerTrace& trace) override {
    const std::string segments = SegmentsText(trace);
    text_.clear();
    for (const v1::JourneyEntry& entry : trace.entries()) {
      const TraceEvent event = ToTraceEvent(entry);
      AppendCell(trace.customer(), text_);
      AppendCell(event.activity, text_);
      AppendCell(event.time, text_);
      for (const std::string& value : event.values) AppendCell(value, text_);
      AppendCell(segments, text_);
      text_.push_back('\n');
    }
    return sink_(text_);
  }

  absl::Status End() override { return absl::OkStatus(); }

 private:
  const Sink sink_;
  std::string text_;
};

}  // namespace

std::unique_ptr<TraceWriter> NewCsvTraceWriter(TraceWriter::Sink sink) {
  return std::make_unique<CsvTraceWriter>(std::move(sink));
}

}  // namespace waymark::cli
