// Messages from bytes, all the way to an engine over fakes: they are refused with an error that a client can read, or
// answered. The first byte chooses the method; the messages of one input go to the same engine, one after the other,
// each behind its length (two bytes).

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/base/field_error.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/journey_wire.h"
#include "service/rpc/log_wire.h"
#include "service/rpc/to_wire.h"
#include "service/rpc/trace_context.h"
#include "tests/fuzz/require.h"
#include "tests/support/world.h"
#include "waymark/v1/decision.pb.h"
#include "waymark/v1/event.pb.h"
#include "waymark/v1/playbook.pb.h"
#include "waymark/v1/profile.pb.h"
#include "waymark/v1/segmentation.pb.h"

namespace waymark::rpc {
namespace {

using fuzz::Require;
using testing_support::World;

constexpr char kPlaybook[] = R"(
traits: [{name: age, type: INT}, {name: name, type: STRING}, {name: tags, type: STRING_LIST}, {name: spend, type: DOUBLE}]
purposes: [{name: email}]
context: [{name: page, type: STRING}, {name: cart_value, type: DOUBLE}]
events: [{name: visit}]
labels: [{name: shoes, events: [purchase]}]
channels: [{name: web}, {name: mail, consent: email}]
budgets: [{name: vouchers, amount: 3}]
segments:
  - {name: grown, when: 'customer.age >= 18'}
  - {name: buyer, when: 'count("purchase", days(30)) > 1 || total("purchase", hours(24)) > 10.0'}
journeys: [{name: shopping, preset: SIX_STAGES}]
actions:
  - {name: voucher, kind: OFFER, eligible_when: 'in_segment("grown")', budgets: [vouchers], limits: [{per: CUSTOMER, max: 2, window: 30d}],
     treatments: [{channel: web, body: 'Hi {{customer.name}}', missing: friend}]}
  - {name: greeting, kind: CONTENT, value: {micros: 1}}
placements:
  - {name: hero, touchpoint: web/home, fallback: greeting}
  - {name: side, touchpoint: web/side, exposure: ON_DECISION}
)";

// What is said of an error may not break its status.
void RequireReadable(const absl::Status& status, const std::string& bytes) {
  Require(!status.message().empty(), "an error says something", bytes);
  const absl::StatusCode code = status.code();
  Require(code != absl::StatusCode::kInternal && code != absl::StatusCode::kUnknown,
          "what a client sends is not our bug", bytes);
}

template <typename Message, typename Use>
void With(const std::string& bytes, Use use) {
  Message message;
  if (!message.ParseFromString(bytes)) return;
  const absl::Status status = use(message);
  if (!status.ok()) RequireReadable(status, bytes);
}

template <typename Message>
absl::Status Decide(World& world, const Message& message) {
  absl::StatusOr<engine::DecideRequest> request = FromWire(message);
  if (!request.ok()) return request.status();
  request->tenant = "shop";
  return world.Decide(*std::move(request)).status();
}

absl::Status Record(World& world, engine::RecordRequest request) {
  request.tenant = "shop";
  const size_t items = request.items.size();
  const absl::StatusOr<engine::RecordAnswer> answer = world.Record(std::move(request));
  if (!answer.ok()) return answer.status();
  Require(answer->items.size() == items, "each event has an answer", "");
  for (const engine::RecordAnswer::Item& item : answer->items) {
    if (!item.status.ok()) RequireReadable(item.status, "");
  }
  return absl::OkStatus();
}

absl::Status RecordOne(World& world, const v1::RecordEventRequest& message) {
  absl::StatusOr<engine::RecordRequest> request = FromWire(message);
  if (!request.ok()) return request.status();
  return Record(world, *std::move(request));
}

absl::Status RecordMany(World& world, const v1::RecordEventsRequest& message) {
  absl::StatusOr<RecordBatch> batch = FromWire(message);
  if (!batch.ok()) return batch.status();
  Require(batch->indexes.size() == batch->sound.items.size() &&
              batch->indexes.size() + batch->refused.size() == static_cast<size_t>(message.events_size()),
          "each event is sound, or refused", "");
  return Record(world, std::move(batch->sound));
}

absl::Status Update(World& world, const v1::UpdateProfileRequest& message) {
  absl::StatusOr<engine::UpdateProfileRequest> request = FromWire(message);
  if (!request.ok()) return request.status();
  request->tenant = "shop";
  const absl::StatusOr<engine::ProfileAnswer> answer = world.UpdateProfile(*request);
  if (!answer.ok()) return answer.status();
  return world.Evaluate(request->customer).status();
}

void LookAtTrace(const std::string& bytes) {
  const absl::optional<TraceContext> trace = ParseTraceparent(bytes);
  if (!trace.has_value()) return;
  const auto hexadecimal = [](absl::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  };
  Require(trace->trace_id.size() == 32 && trace->span_id.size() == 16 && hexadecimal(trace->trace_id) &&
              hexadecimal(trace->span_id),
          "a trace is hexadecimal", bytes);
}

void Look(World& world, uint8_t method, const std::string& bytes) {
  const auto decide = [&](const auto& message) { return Decide(world, message); };
  const auto parse = [](const auto& message) { return FromWire(message).status(); };
  const auto check = [](const auto& message) { return Check(message); };
  switch (method % 17) {
    case 0:
      return With<v1::NextBestActionRequest>(bytes, decide);
    case 1:
      return With<v1::GetOffersRequest>(bytes, decide);
    case 2:
      return With<v1::GetContentRequest>(bytes, decide);
    case 3:
      return With<v1::DecideStreamRequest>(bytes, parse);
    case 4:
      return With<v1::RecordEventRequest>(bytes, [&](const auto& message) { return RecordOne(world, message); });
    case 5:
      return With<v1::RecordEventsRequest>(bytes, [&](const auto& message) { return RecordMany(world, message); });
    case 6:
      return With<v1::UpdateProfileRequest>(bytes, [&](const auto& message) { return Update(world, message); });
    case 7:
      return With<v1::SuggestSegmentsRequest>(bytes, parse);
    case 8:
      return With<v1::ExplainDecisionRequest>(bytes, parse);
    case 9:
      return With<v1::ReplayDecisionsRequest>(bytes, parse);
    case 10:
      return With<v1::ExportDecisionsRequest>(bytes, parse);
    case 11:
      return With<v1::AuditDecisionsRequest>(bytes, parse);
    case 12:
      return With<v1::ApplyPlaybookRequest>(bytes, check);
    case 13:
      return With<v1::PreviewSegmentRequest>(bytes, check);
    case 14:
      return With<v1::PreviewPlaybookRequest>(bytes, check);
    case 15:
      return With<v1::ExportJourneysRequest>(bytes, parse);
    default:
      return LookAtTrace(bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // One engine for all inputs, which a crash may therefore need the ones before to come again; customers are few, so
  // that profiles grow until they are compacted.
  static World& world = *new World(kPlaybook);
  static int inputs = 0;
  if (++inputs % 1000 == 0) world.clock.Advance(absl::Hours(7));
  while (size >= 3) {
    const size_t length =
        std::min<size_t>(size - 3, static_cast<size_t>(data[1]) + (static_cast<size_t>(data[2]) << 8));
    Look(world, data[0], std::string(reinterpret_cast<const char*>(data) + 3, length));
    data += 3 + length;
    size -= 3 + length;
  }
  return 0;
}

}  // namespace waymark::rpc
