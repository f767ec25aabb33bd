#include "service/cli/decisions_json.h"

// Without RAPIDJSON_SSE2: this RapidJSON (1.1.0) then leaves 0x1a to 0x1f as they are.
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark::cli {

// Fields that are empty are left out, as protobuf's JSON may.
class DecisionLines::Writer {
 public:
  template <typename Fill>
  void Object(Fill fill) {
    writer_.StartObject();
    fill();
    writer_.EndObject();
  }
  template <typename Messages, typename Fill>
  void Array(absl::string_view name, const Messages& messages, Fill fill) {
    if (messages.empty()) return;
    Key(name);
    writer_.StartArray();
    for (const auto& message : messages) Object([&] { fill(message); });
    writer_.EndArray();
  }
  void Key(absl::string_view name) { writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
  void Text(absl::string_view name, absl::string_view value) {
    if (!value.empty()) TextOrEmpty(name, value);
  }
  void TextOrEmpty(absl::string_view name, absl::string_view value) {
    Key(name);
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
  void Number(absl::string_view name, double value) {
    if (value == 0) return;
    if (std::isnan(value)) return Text(name, "NaN");
    if (std::isinf(value)) return Text(name, value > 0 ? "Infinity" : "-Infinity");
    Key(name);
    writer_.Double(value);
  }
  void Count(absl::string_view name, int value) {
    if (value == 0) return;
    Key(name);
    writer_.Int(value);
  }
  void True(absl::string_view name, bool value) {
    if (!value) return;
    Key(name);
    writer_.Bool(true);
  }
  void Time(absl::string_view name, const google::protobuf::Timestamp& value) {
    const absl::Time time = absl::FromUnixSeconds(value.seconds()) + absl::Nanoseconds(value.nanos());
    const absl::string_view format = value.nanos() == 0               ? "%E4Y-%m-%dT%H:%M:%SZ"
                                     : value.nanos() % 1'000'000 == 0 ? "%E4Y-%m-%dT%H:%M:%E3SZ"
                                     : value.nanos() % 1'000 == 0     ? "%E4Y-%m-%dT%H:%M:%E6SZ"
                                                                      : "%E4Y-%m-%dT%H:%M:%E9SZ";
    Text(name, absl::FormatTime(format, time, absl::UTCTimeZone()));
  }

  void Add(const v1::CustomerDecisions& decisions);
  absl::string_view text() const { return {buffer_.GetString(), buffer_.GetSize()}; }
  void Clear() { buffer_.Clear(); }

 private:
  void Action(const v1::DecidedAction& action);
  void Candidate(const v1::Candidate& candidate);
  void Decision(const v1::Decision& decision);

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

void DecisionLines::Writer::Action(const v1::DecidedAction& action) {
  Text("action", action.action());
  Text("kind", v1::ActionKind_Name(action.kind()));
  if (action.has_content()) {
    const v1::Content& content = action.content();
    Key("content");
    Object([&] {
      Text("locale", content.locale());
      Text("content_type", v1::ContentType_Name(content.content_type()));
      Text("subject", content.subject());
      Text("body", content.body());
      Text("image_url", content.image_url());
      Text("link_url", content.link_url());
      Text("variant", content.variant());
    });
  }
  Number("priority", action.priority());
  Text("token", action.token());
  True("fallback", action.fallback());
}

void DecisionLines::Writer::Candidate(const v1::Candidate& candidate) {
  Text("action", candidate.action());
  Text("reason", v1::ReasonCode_Name(candidate.reason()));
  Text("detail", candidate.detail());
  if (candidate.has_factors()) {
    Key("factors");
    Object([&] {
      Number("propensity", candidate.factors().propensity());
      Number("context_weight", candidate.factors().context_weight());
      Number("value", candidate.factors().value());
      Number("lever", candidate.factors().lever());
    });
  }
  Number("priority", candidate.priority());
  Number("probability", candidate.probability());
}

void DecisionLines::Writer::Decision(const v1::Decision& decision) {
  Text("decision_id", decision.decision_id());
  Text("placement", decision.placement());
  Array("actions", decision.actions(), [&](const v1::DecidedAction& action) { Action(action); });
  Array("candidates", decision.candidates(), [&](const v1::Candidate& each) { Candidate(each); });
  Text("playbook_version", absl::StrCat(decision.playbook_version()));  // a 64-bit number is text in this JSON
  if (decision.has_decided_at()) Time("decided_at", decision.decided_at());
  Text("knowledge", v1::Knowledge_Name(decision.knowledge()));
  Array("positions", decision.positions(), [&](const v1::JourneyPosition& position) {
    Text("journey", position.journey());
    Text("stage", position.stage());
    if (position.has_since()) Time("since", position.since());
    Text("previous_stage", position.previous_stage());
  });
  Array("arms", decision.arms(), [&](const v1::ExperimentArm& arm) {
    Text("experiment", arm.experiment());
    Text("arm", arm.arm());
  });
  if (decision.has_profile_read_at()) Time("profile_read_at", decision.profile_read_at());
}

void DecisionLines::Writer::Add(const v1::CustomerDecisions& decisions) {
  writer_.Reset(buffer_);
  Object([&] {
    TextOrEmpty("customer", decisions.customer());  // is what makes it a line
    Array("decisions", decisions.decisions(), [&](const v1::Decision& decision) { Decision(decision); });
    if (decisions.has_refusal()) {
      Key("refusal");
      Object([&] {
        Text("field", decisions.refusal().field());
        Count("line", decisions.refusal().line());
        Count("column", decisions.refusal().column());
        Text("message", decisions.refusal().message());
      });
    }
    True("retry", decisions.retry());
  });
  buffer_.Put('\n');
}

DecisionLines::DecisionLines() : writer_(std::make_unique<Writer>()) {}
DecisionLines::~DecisionLines() = default;
void DecisionLines::Add(const v1::CustomerDecisions& decisions) { writer_->Add(decisions); }
absl::string_view DecisionLines::text() const { return writer_->text(); }
void DecisionLines::Clear() { writer_->Clear(); }

absl::optional<std::string> CustomerOf(const std::string& line) {
  const nlohmann::json object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return absl::nullopt;
  const auto customer = object.find("customer");
  if (customer == object.end() || !customer->is_string()) return absl::nullopt;
  return customer->get<std::string>();
}

}  // namespace waymark::cli
