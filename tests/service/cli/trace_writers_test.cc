#include "service/cli/trace_writers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "google/protobuf/util/time_util.h"
#include "service/cli/trace_event.h"
#include "tests/support/temp_directory.h"

namespace waymark::cli {
namespace {

using google::protobuf::util::TimeUtil;
using ::testing::HasSubstr;
using ::testing::Not;

v1::JourneyEntry EntryAt(int64_t millis, const std::string& stage) {
  v1::JourneyEntry entry;
  *entry.mutable_time() = TimeUtil::MillisecondsToTimestamp(millis);
  entry.set_stage(stage);
  return entry;
}

v1::CustomerTrace SomeTrace(const std::string& customer) {
  v1::CustomerTrace trace;
  trace.set_customer(customer);
  trace.add_segments("vip");
  trace.add_segments("abroad");
  v1::JourneyEntry began = EntryAt(0, "");
  began.mutable_move()->set_to_stage("awareness");
  *trace.add_entries() = began;
  v1::JourneyEntry shown = EntryAt(500, "awareness");
  shown.mutable_shown()->set_action("coupon");
  shown.mutable_shown()->set_channel("web");
  shown.mutable_shown()->set_decision("00000000000000ff");
  *trace.add_entries() = shown;
  v1::JourneyEntry touch = EntryAt(1'500, "awareness");
  touch.mutable_touch()->set_event("purchase");
  touch.mutable_touch()->set_touchpoint("store/till");
  touch.mutable_touch()->set_value_micros(-49'900'000);
  touch.mutable_touch()->set_emotion(0.25);
  touch.mutable_touch()->set_action("coupon");
  *trace.add_entries() = touch;
  v1::JourneyEntry move = EntryAt(1'500, "awareness");
  move.mutable_move()->set_from_stage("awareness");
  move.mutable_move()->set_to_stage("purchase");
  *move.mutable_move()->mutable_dwelt() = TimeUtil::MillisecondsToDuration(1'500);
  *trace.add_entries() = move;
  return trace;
}

// What is hard to write: markup, quotes, commas, line breaks, controls, and what is no character at all.
const std::string kHostile = std::string("<a&b>\"'") + ",\n\r\t" + std::string("\0\x01\x1f", 3) + "\xEF\xBF\xBF é";

v1::CustomerTrace HostileTrace() {
  v1::CustomerTrace trace;
  trace.set_customer(kHostile);
  v1::JourneyEntry touch = EntryAt(0, "");
  touch.mutable_touch()->set_touchpoint(kHostile);
  touch.mutable_touch()->set_text(kHostile);
  *trace.add_entries() = touch;
  return trace;
}

class TraceWritersTest : public ::testing::Test {
 protected:
  TraceWriter::Sink ToText() {
    return [this](absl::string_view piece) {
      text_.append(piece.data(), piece.size());
      return absl::OkStatus();
    };
  }
  std::string Written(TraceWriter& writer, const std::vector<v1::CustomerTrace>& traces) {
    text_.clear();
    EXPECT_TRUE(writer.Begin().ok());
    for (const v1::CustomerTrace& trace : traces) EXPECT_TRUE(writer.Add(trace).ok());
    EXPECT_TRUE(writer.End().ok());
    return text_;
  }
  std::unique_ptr<TraceWriter> Ocel() { return NewOcelWriter(ToText(), *SpoolFile::Create(folder_.path() + "/out")); }

  testing_support::TempDirectory folder_;
  std::string text_;
};

TEST_F(TraceWritersTest, WriteXes) {
  const std::string text = Written(*NewXesWriter(ToText()), {SomeTrace("c1"), SomeTrace("c2")});
  EXPECT_THAT(text, HasSubstr(R"(<log xes.version="1.0" xmlns="http://www.xes-standard.org/">)"));
  EXPECT_THAT(text, HasSubstr(R"(</trace>
<trace>
<string key="concept:name" value="c2"/><string key="segments" value="vip abroad"/>
<event><string key="concept:name" value="enter awareness"/><date key="time:timestamp" value="1970-01-01T00:00:00.000Z"/><string key="lifecycle:transition" value="complete"/><string key="kind" value="move"/><string key="stage" value=""/><string key="to_stage" value="awareness"/></event>
<event><string key="concept:name" value="show coupon"/><date key="time:timestamp" value="1970-01-01T00:00:00.500Z"/><string key="lifecycle:transition" value="complete"/><string key="kind" value="shown"/><string key="stage" value="awareness"/><string key="org:group" value="web"/><string key="action" value="coupon"/><string key="decision" value="00000000000000ff"/></event>
<event><string key="concept:name" value="purchase"/><date key="time:timestamp" value="1970-01-01T00:00:01.500Z"/><string key="lifecycle:transition" value="complete"/><string key="kind" value="touch"/><string key="stage" value="awareness"/><string key="org:resource" value="store/till"/><string key="org:group" value="store"/><float key="value" value="-49.9"/><float key="emotion" value="0.25"/><string key="action" value="coupon"/></event>
<event><string key="concept:name" value="enter purchase"/><date key="time:timestamp" value="1970-01-01T00:00:01.500Z"/><string key="lifecycle:transition" value="complete"/><string key="kind" value="move"/><string key="stage" value="awareness"/><string key="from_stage" value="awareness"/><string key="to_stage" value="purchase"/><float key="dwelt_seconds" value="1.5"/></event>
</trace>
</log>
)"));
}

TEST_F(TraceWritersTest, WriteCsv) {
  EXPECT_EQ(
      Written(*NewCsvTraceWriter(ToText()), {SomeTrace("c,1")}),
      R"(case_id,activity,timestamp,kind,stage,touchpoint,channel,value,emotion,action,decision,from_stage,to_stage,dwelt_seconds,text,segments
"c,1",enter awareness,1970-01-01T00:00:00.000Z,move,,,,,,,,,awareness,,,vip abroad
"c,1",show coupon,1970-01-01T00:00:00.500Z,shown,awareness,,web,,,coupon,00000000000000ff,,,,,vip abroad
"c,1",purchase,1970-01-01T00:00:01.500Z,touch,awareness,store/till,store,-49.9,0.25,coupon,,,,,,vip abroad
"c,1",enter purchase,1970-01-01T00:00:01.500Z,move,awareness,,,,,,,awareness,purchase,1.5,,vip abroad
)");
}

TEST_F(TraceWritersTest, WriteOcel) {
  const auto log = nlohmann::json::parse(Written(*Ocel(), {SomeTrace("c1"), SomeTrace("c2")}));
  ASSERT_EQ(log["events"].size(), 8u);
  EXPECT_EQ(log["events"][6],
            nlohmann::json::parse(R"({"id": "e7", "type": "purchase", "time": "1970-01-01T00:00:01.500Z",
    "attributes": [{"name": "kind", "value": "touch"}, {"name": "stage", "value": "awareness"},
                   {"name": "touchpoint", "value": "store/till"}, {"name": "channel", "value": "store"},
                   {"name": "value", "value": "-49.9"}, {"name": "emotion", "value": "0.25"}],
    "relationships": [{"objectId": "customer:c2", "qualifier": "customer"},
                      {"objectId": "action:coupon", "qualifier": "outcome of"}]})"));
  // Both were decided for under one id.
  std::vector<std::string> ids;
  for (const auto& object : log["objects"]) ids.push_back(object["id"]);
  EXPECT_THAT(ids, ::testing::ElementsAre("customer:c1", "decision:00000000000000ff:customer:c1", "customer:c2",
                                          "decision:00000000000000ff:customer:c2", "action:coupon"));
  EXPECT_EQ(log["eventTypes"].size(), 4u);
  EXPECT_EQ(log["eventTypes"][3]["name"], "show coupon");
  EXPECT_EQ(log["objectTypes"].size(), 3u);
}

TEST_F(TraceWritersTest, WriteNothing) {
  EXPECT_THAT(Written(*NewXesWriter(ToText()), {}), HasSubstr("keys=\"stage concept:name\"/>\n</log>\n"));
  EXPECT_EQ(nlohmann::json::parse(Written(*Ocel(), {}))["events"].size(), 0u);
}

TEST_F(TraceWritersTest, EscapeWhatIsHardToWrite) {
  const std::string xes = Written(*NewXesWriter(ToText()), {HostileTrace()});
  EXPECT_THAT(
      xes,
      HasSubstr("value=\"&lt;a&amp;b&gt;&quot;',&#10;&#13;&#9;\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD é\""));
  EXPECT_THAT(xes, HasSubstr("value=\"unknown\""));
  const std::string csv = Written(*NewCsvTraceWriter(ToText()), {HostileTrace()});
  EXPECT_THAT(csv, HasSubstr("\n\"<a&b>\"\"',\n\r\t\xEF\xBF\xBD\x01\x1f\xEF\xBF\xBF é\",unknown,"));
  const auto ocel = nlohmann::json::parse(Written(*Ocel(), {HostileTrace()}));
  EXPECT_EQ(ocel["objects"][0]["id"], "customer:" + kHostile);
  EXPECT_EQ(ocel["events"][0]["type"], "unknown");
}

TEST_F(TraceWritersTest, GiveTheSinksError) {
  const auto full = [](absl::string_view) { return absl::ResourceExhaustedError("full"); };
  EXPECT_FALSE(NewXesWriter(full)->Add(SomeTrace("c")).ok());
  EXPECT_FALSE(NewCsvTraceWriter(full)->Begin().ok());
  EXPECT_FALSE(NewOcelWriter(full, *SpoolFile::Create(folder_.path() + "/out"))->End().ok());
}

TEST(TraceEvent, HasExactValues) {
  const auto value = [](int64_t micros) {
    v1::JourneyEntry entry;
    entry.mutable_touch()->set_value_micros(micros);
    return ToTraceEvent(entry)[TraceColumn::kValue];
  };
  EXPECT_EQ(value(1), "0.000001");
  EXPECT_EQ(value(-1'500'000), "-1.5");
  EXPECT_EQ(value(12'000'000), "12");
  EXPECT_EQ(value(0), "") << "none came";
  EXPECT_EQ(value(std::numeric_limits<int64_t>::min()), "-9223372036854.775808");
}

}  // namespace
}  // namespace waymark::cli
