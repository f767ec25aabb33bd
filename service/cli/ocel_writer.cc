// Without RAPIDJSON_SSE2: this RapidJSON (1.1.0) then leaves 0x1a to 0x1f as they are.
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "service/cli/trace_event.h"
#include "service/cli/trace_writers.h"

namespace waymark::cli {
namespace {

// Objects of different types must not share an id.
std::string CustomerId(absl::string_view customer) { return absl::StrCat("customer:", customer); }
std::string ActionId(absl::string_view action) { return absl::StrCat("action:", action); }
// Callers may use one id of a decision for many customers. `customer`: a CustomerId.
std::string DecisionId(absl::string_view decision, absl::string_view customer) {
  return absl::StrCat("decision:", decision, ":", customer);
}

constexpr absl::string_view kSegments = "segments";
// The time of an object's attribute that it has from the beginning on, as the specification has it.
constexpr absl::string_view kAlways = "1970-01-01T00:00:00Z";

// JSON, piece by piece. Single-threaded.
class Json {
 public:
  void Key(absl::string_view name) { writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
  void Text(absl::string_view text) { writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size())); }
  void Member(absl::string_view name, absl::string_view text) {
    Key(name);
    Text(text);
  }
  template <typename Fill>
  void Object(Fill fill) {
    writer_.StartObject();
    fill();
    writer_.EndObject();
  }
  template <typename Fill>
  void Array(absl::string_view name, Fill fill) {
    Key(name);
    writer_.StartArray();
    fill();
    writer_.EndArray();
  }
  // What was written since the last call, as an element of a list.
  void TakeElement(bool& first, std::string& out) {
    absl::StrAppend(&out, first ? "\n" : ",\n", absl::string_view(buffer_.GetString(), buffer_.GetSize()));
    first = false;
    buffer_.Clear();
    writer_.Reset(buffer_);
  }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

class OcelWriter final : public TraceWriter {
 public:
  OcelWriter(Sink sink, std::unique_ptr<SpoolFile> spool) : sink_(std::move(sink)), spool_(std::move(spool)) {}

  absl::Status Begin() override { return sink_("{\"events\":["); }

  absl::Status Add(const v1::CustomerTrace& trace) override {
    events_.clear();
    objects_.clear();
    decisions_.clear();
    AddCustomer(trace);
    for (const v1::JourneyEntry& entry : trace.entries()) AddEvent(CustomerId(trace.customer()), ToTraceEvent(entry));
    WAYMARK_RETURN_IF_ERROR(spool_->Write(objects_));
    return sink_(events_);
  }

  absl::Status End() override {
    objects_.clear();
    for (const std::string& action : actions_) {
      json_.Object([&] {
        json_.Member("id", ActionId(action));
        json_.Member("type", "action");
      });
      json_.TakeElement(first_object_, objects_);
    }
    WAYMARK_RETURN_IF_ERROR(spool_->Write(objects_));
    WAYMARK_RETURN_IF_ERROR(sink_("],\n\"objects\":["));
    WAYMARK_RETURN_IF_ERROR(spool_->ReadAll([this](absl::string_view piece) { return sink_(piece); }));
    std::string types = "],\n\"eventTypes\":[";
    bool first = true;
    for (const auto& [activity, columns] : columns_of_) {
      json_.Object([&, &activity = activity, &columns = columns] {
        json_.Member("name", activity);
        json_.Array("attributes", [&] {
          for (TraceColumn column : columns) AddType(column);
        });
      });
      json_.TakeElement(first, types);
    }
    absl::StrAppend(&types, "],\n\"objectTypes\":[");
    first = true;
    for (const absl::string_view type : {"customer", "action", "decision"}) {
      json_.Object([&] {
        json_.Member("name", type);
        json_.Array("attributes", [&] {
          if (type != "customer") return;
          json_.Object([&] {
            json_.Member("name", kSegments);
            json_.Member("type", "string");
          });
        });
      });
      json_.TakeElement(first, types);
    }
    return sink_(types + "]}\n");
  }

 private:
  void AddType(TraceColumn column) {
    const TraceColumnSpec& spec = TraceColumnSpecs()[static_cast<size_t>(column)];
    json_.Object([&] {
      json_.Member("name", spec.name);
      json_.Member("type", spec.number ? "float" : "string");
    });
  }

  void AddRelationship(absl::string_view object, absl::string_view qualifier) {
    json_.Object([&] {
      json_.Member("objectId", object);
      json_.Member("qualifier", qualifier);
    });
  }

  void AddCustomer(const v1::CustomerTrace& trace) {
    json_.Object([&] {
      json_.Member("id", CustomerId(trace.customer()));
      json_.Member("type", "customer");
      json_.Array("attributes", [&] {
        json_.Object([&] {
          json_.Member("name", kSegments);
          json_.Member("value", SegmentsText(trace));
          json_.Member("time", kAlways);
        });
      });
    });
    json_.TakeElement(first_object_, objects_);
  }

  // Of the customer whose turn it is. A decision gives one customer one action or several.
  void AddDecision(const std::string& customer, const std::string& decision) {
    if (!decisions_.insert(decision).second) return;
    json_.Object([&] {
      json_.Member("id", DecisionId(decision, customer));
      json_.Member("type", "decision");
      json_.Array("relationships", [&] { AddRelationship(customer, "for"); });
    });
    json_.TakeElement(first_object_, objects_);
  }

  void AddEvent(const std::string& customer, const TraceEvent& event) {
    const std::string& action = event[TraceColumn::kAction];
    const std::string& decision = event[TraceColumn::kDecision];
    if (!action.empty()) actions_.insert(action);
    if (!decision.empty()) AddDecision(customer, decision);
    std::set<TraceColumn>& columns = columns_of_[event.activity];
    json_.Object([&] {
      json_.Member("id", absl::StrCat("e", ++events_so_far_));
      json_.Member("type", event.activity);
      json_.Member("time", event.time);
      json_.Array("attributes", [&] {
        for (size_t i = 0; i < kTraceColumns; ++i) {
          const auto column = static_cast<TraceColumn>(i);
          const bool is_object = column == TraceColumn::kAction || column == TraceColumn::kDecision;
          if (is_object || event[column].empty()) continue;
          columns.insert(column);
          json_.Object([&] {
            json_.Member("name", TraceColumnSpecs()[i].name);
            json_.Member("value", event[column]);
          });
        }
      });
      json_.Array("relationships", [&] {
        AddRelationship(customer, "customer");
        if (!action.empty()) AddRelationship(ActionId(action), decision.empty() ? "outcome of" : "shown");
        if (!decision.empty()) AddRelationship(DecisionId(decision, customer), "given by");
      });
    });
    json_.TakeElement(first_event_, events_);
  }

  const Sink sink_;
  const std::unique_ptr<SpoolFile> spool_;
  Json json_;
  std::string events_;               // of the trace
  std::string objects_;              // likewise
  std::set<std::string> decisions_;  // likewise
  std::set<std::string> actions_;
  std::map<std::string, std::set<TraceColumn>> columns_of_;  // by activity
  int64_t events_so_far_ = 0;
  bool first_event_ = true;
  bool first_object_ = true;
};

}  // namespace

std::unique_ptr<TraceWriter> NewOcelWriter(TraceWriter::Sink sink, std::unique_ptr<SpoolFile> spool) {
  return std::make_unique<OcelWriter>(std::move(sink), std::move(spool));
}

}  // namespace waymark::cli
