#include "service/rpc/timeline_wire.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/time_util.h"
#include "segmentation/scores.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/positions_to_wire.h"
#include "service/rpc/wire_values.h"

namespace waymark::rpc {
namespace {

using segmentation::NameId;
using segmentation::Trail;

constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxTokenBytes = 128;
constexpr int kMaxPage = 1000;
constexpr int kPage = 100;

// Empty where the playbook does not know it (any more).
std::string NameOrNothing(const playbook::Playbook& playbook, NameId id) {
  const auto it = playbook.names.find(id);
  return it == playbook.names.end() ? std::string() : it->second;
}

std::string TouchpointName(const playbook::Playbook& playbook, const Trail& trail, NameId touchpoint) {
  if (touchpoint == NameId{}) return {};
  const auto it = std::lower_bound(trail.names.begin(), trail.names.end(), touchpoint,
                                   [](const Trail::Name& name, NameId sought) { return name.touchpoint < sought; });
  if (it != trail.names.end() && it->touchpoint == touchpoint) return it->text;
  return NameOrNothing(playbook, touchpoint);
}

std::string StageName(const playbook::Journey& journey, int stage) {
  return stage == playbook::kNone ? std::string() : journey.stages[static_cast<size_t>(stage)].name;
}

void DurationToWire(absl::Duration duration, google::protobuf::Duration& wire) {
  wire = google::protobuf::util::TimeUtil::MillisecondsToDuration(absl::ToInt64Milliseconds(duration));
}

void MoveToWire(const journey::StageMove& move, const playbook::Journey& journey, v1::StageMove& wire) {
  wire.set_to_stage(StageName(journey, move.to));
  if (move.begins) return;
  wire.set_from_stage(StageName(journey, move.from));
  DurationToWire(move.dwelt, *wire.mutable_dwelt());
}

void TouchToWire(const journey::TimelineEntry& entry, const playbook::Playbook& playbook, const Trail& trail,
                 v1::Touch& wire) {
  const segmentation::Touch& touch = *entry.touch;
  wire.set_event(NameOrNothing(playbook, touch.type));
  wire.set_touchpoint(TouchpointName(playbook, trail, touch.touchpoint));
  wire.set_value_micros(touch.value_micros);
  const absl::optional<double> emotion = segmentation::EmotionOf(touch);
  if (emotion.has_value()) wire.set_emotion(*emotion);
  if (touch.action != NameId{}) wire.set_action(NameOrNothing(playbook, touch.action));
  wire.set_text(std::string(entry.text));
}

void ShownToWire(const segmentation::Contact& contact, const playbook::Playbook& playbook, v1::ShownAction& wire) {
  wire.set_action(NameOrNothing(playbook, contact.action));
  wire.set_channel(NameOrNothing(playbook, contact.channel));
  wire.set_decision(absl::StrFormat("%016x", contact.decision));
}

}  // namespace

absl::StatusOr<engine::JourneyRequest> FromWire(const v1::GetJourneyRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  WAYMARK_RETURN_IF_ERROR(CheckCustomerId("customer", wire.customer()));
  WAYMARK_RETURN_IF_ERROR(CheckText("journey", wire.journey(), 0, kMaxNameBytes));
  WAYMARK_RETURN_IF_ERROR(CheckText("page_token", wire.page_token(), 0, kMaxTokenBytes));
  if (wire.page_size() < 0 || wire.page_size() > kMaxPage) {
    return base::FieldError("page_size", absl::StrCat("1 to ", kMaxPage));
  }
  return engine::JourneyRequest{.tenant = wire.tenant(),
                                .customer = wire.customer(),
                                .journey = wire.journey(),
                                .page_size = wire.page_size() == 0 ? kPage : wire.page_size(),
                                .page_token = wire.page_token()};
}

void ToWire(const engine::JourneyAnswer& answer, v1::GetJourneyResponse& wire) {
  const playbook::Playbook& playbook = *answer.playbook;
  const playbook::Journey& journey = playbook.journeys[static_cast<size_t>(answer.journey)];
  const segmentation::JourneyPosition& position = answer.position;
  PositionToWire(position, playbook, *wire.mutable_position());
  wire.set_days_in_stage(static_cast<int32_t>((answer.at - position.current.since) / absl::Hours(24)));
  wire.set_visits(static_cast<int32_t>(segmentation::VisitsOfCurrentStage(position)));
  const auto stage = std::find_if(journey.stages.begin(), journey.stages.end(),
                                  [&](const playbook::Stage& each) { return each.id == position.current.stage; });
  if (stage != journey.stages.end()) {
    wire.set_goal(stage->goal);
    for (NameId touchpoint : stage->touchpoints) wire.add_expected_touchpoints(NameOrNothing(playbook, touchpoint));
  }
  const Trail& trail = answer.profile->trail;
  for (const journey::TimelineEntry& entry : answer.entries) {
    ToWire(entry, playbook, journey, trail, *wire.add_entries());
  }
  wire.set_next_page_token(answer.next_page_token);
  if (trail.from > absl::InfinitePast()) TimeToWire(trail.from, *wire.mutable_trail_from());
  wire.set_playbook_version(playbook.version);
}

void ToWire(const journey::TimelineEntry& entry, const playbook::Playbook& playbook, const playbook::Journey& journey,
            const Trail& trail, v1::JourneyEntry& wire) {
  TimeToWire(entry.time, *wire.mutable_time());
  wire.set_stage(StageName(journey, entry.stage));
  if (entry.move.has_value()) {
    MoveToWire(*entry.move, journey, *wire.mutable_move());
  } else if (entry.touch != nullptr) {
    TouchToWire(entry, playbook, trail, *wire.mutable_touch());
  } else {
    ShownToWire(*entry.shown, playbook, *wire.mutable_shown());
  }
}

}  // namespace waymark::rpc
