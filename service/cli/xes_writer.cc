#include <utility>

#include "absl/strings/str_cat.h"
#include "service/cli/trace_event.h"
#include "service/cli/trace_writers.h"

namespace waymark::cli {
namespace {

// The elements stand in the order that every version of the schema has. What a classifier names is declared as global.
constexpr absl::string_view kHead = R"xml(<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace"><string key="concept:name" value="unknown"/></global>
<global scope="event"><string key="concept:name" value="unknown"/><date key="time:timestamp" value="1970-01-01T00:00:00.000Z"/><string key="lifecycle:transition" value="complete"/><string key="kind" value="touch"/><string key="stage" value=""/></global>
<classifier name="Activity" keys="concept:name"/>
<classifier name="Stage_and_activity" keys="stage concept:name"/>
)xml";
constexpr absl::string_view kTail = "</log>\n";

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// How many bytes at the text's beginning are a character that XML 1.0 cannot hold: 0 where it can.
size_t BytesNotOfXml(absl::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  if (byte < 0x20) return byte == '\t' || byte == '\n' || byte == '\r' ? 0 : 1;
  const bool is_noncharacter = text.substr(0, 3) == "\xEF\xBF\xBE" || text.substr(0, 3) == "\xEF\xBF\xBF";
  return is_noncharacter ? 3 : 0;
}

// As the value of an attribute, where a line break would otherwise be read as a space.
void AppendEscaped(absl::string_view text, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (const size_t bytes = BytesNotOfXml(text.substr(i)); bytes > 0) {
      absl::StrAppend(&out, kReplacement);
      i += bytes - 1;
      continue;
    }
    switch (text[i]) {
      case '&':
        absl::StrAppend(&out, "&amp;");
        break;
      case '<':
        absl::StrAppend(&out, "&lt;");
        break;
      case '>':
        absl::StrAppend(&out, "&gt;");
        break;
      case '"':
        absl::StrAppend(&out, "&quot;");
        break;
      case '\t':
      case '\n':
      case '\r':
        absl::StrAppend(&out, "&#", static_cast<int>(text[i]), ";");
        break;
      default:
        out.push_back(text[i]);
    }
  }
}

void AppendAttribute(absl::string_view type, absl::string_view key, absl::string_view value, std::string& out) {
  absl::StrAppend(&out, "<", type, " key=\"", key, "\" value=\"");
  AppendEscaped(value, out);
  absl::StrAppend(&out, "\"/>");
}

absl::string_view KeyOf(TraceColumn column) {
  if (column == TraceColumn::kTouchpoint) return "org:resource";
  if (column == TraceColumn::kChannel) return "org:group";
  return TraceColumnSpecs()[static_cast<size_t>(column)].name;
}

class XesWriter final : public TraceWriter {
 public:
  explicit XesWriter(Sink sink) : sink_(std::move(sink)) {}

  absl::Status Begin() override { return sink_(kHead); }

  absl::Status Add(const v1::CustomerTrace& trace) override {
    text_ = "<trace>\n";
    AppendAttribute("string", "concept:name", trace.customer(), text_);
    AppendAttribute("string", "segments", SegmentsText(trace), text_);
    text_.push_back('\n');
    for (const v1::JourneyEntry& entry : trace.entries()) AddEvent(ToTraceEvent(entry));
    absl::StrAppend(&text_, "</trace>\n");
    return sink_(text_);
  }

  absl::Status End() override { return sink_(kTail); }

 private:
  void AddEvent(const TraceEvent& event) {
    absl::StrAppend(&text_, "<event>");
    AppendAttribute("string", "concept:name", event.activity, text_);
    AppendAttribute("date", "time:timestamp", event.time, text_);
    AppendAttribute("string", "lifecycle:transition", "complete", text_);
    for (size_t i = 0; i < kTraceColumns; ++i) {
      const auto column = static_cast<TraceColumn>(i);
      const bool is_global = column == TraceColumn::kKind || column == TraceColumn::kStage;
      if (event[column].empty() && !is_global) continue;
      AppendAttribute(TraceColumnSpecs()[i].number ? "float" : "string", KeyOf(column), event[column], text_);
    }
    absl::StrAppend(&text_, "</event>\n");
  }

  const Sink sink_;
  std::string text_;
};

}  // namespace

std::unique_ptr<TraceWriter> NewXesWriter(TraceWriter::Sink sink) {
  return std::make_unique<XesWriter>(std::move(sink));
}

}  // namespace waymark::cli
