#include "service/rpc/journey_map.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/batch/map_journeys.h"
#include "service/journey/map.h"
#include "service/playbook/playbook.h"
#include "service/rpc/batch_to_wire.h"
#include "service/rpc/journey_map_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/study.h"
#include "service/rpc/wire_values.h"

namespace waymark::rpc {
namespace {

// Clients of gRPC take no larger message unless they are told to.
constexpr size_t kMaxMessageBytes = 4 << 20;

// Of the journey's stages, for customers of the selection.
std::vector<absl::optional<double>> StageValues(const playbook::Playbook& playbook, int journey,
                                                const std::string& segment) {
  const auto it = std::find_if(playbook.segments.begin(), playbook.segments.end(),
                               [&](const playbook::Segment& known) { return known.name == segment; });
  const int index = it == playbook.segments.end() ? playbook::kNone : static_cast<int>(it - playbook.segments.begin());
  std::vector<absl::optional<double>> values;
  const size_t stages = playbook.journeys[static_cast<size_t>(journey)].stages.size();
  for (size_t i = 0; i < stages; ++i) {
    values.push_back(playbook::StageValueOf(playbook, journey, static_cast<int>(i), index));
  }
  return values;
}

void MapToWire(const batch::CountedMap& counted, const journey::MapCounts& counts, const v1::MapSelection& selection,
               const store::JourneySelection& period, int min_people, v1::JourneyMap& wire) {
  const auto values = StageValues(*counted.playbook, counted.journey, selection.segment());
  const journey::JourneyMap map = journey::BuildMap(*counted.playbook, counted.journey, counts,
                                                    {.period = {period.from, period.until},
                                                     .as_of = counted.as_of,
                                                     .min_people = min_people,
                                                     .stage_values = values});
  ToWire(map, counted.playbook->currency, wire);
  *wire.mutable_selection() = selection;
  TimeToWire(counted.as_of, *wire.mutable_as_of());
}

// The last message.
absl::StatusOr<v1::GetJourneyMapResponse> Answer(const v1::GetJourneyMapRequest& wire, const batch::MapRequest& request,
                                                 const batch::CountedMap& counted) {
  v1::GetJourneyMapResponse message;
  ToWire(counted.look, message);
  message.set_done(true);
  const int min_people = MinPeopleOf(wire);
  MapToWire(counted, counted.counts.selected, wire.selection(), request.key.selection, min_people,
            *message.mutable_map());
  if (request.key.compare_with.has_value()) {
    MapToWire(counted, counted.counts.compared, wire.compare_with(), *request.key.compare_with, min_people,
              *message.mutable_compared());
  }
  if (message.ByteSizeLong() > kMaxMessageBytes) {
    return absl::ResourceExhaustedError("the map has more touchpoints and events than a message holds");
  }
  return message;
}

void GetJourneyMap(const batch::Environment& batch, const v1::GetJourneyMapRequest& wire,
                   const std::shared_ptr<StreamWriter<v1::GetJourneyMapResponse>>& writer) {
  absl::StatusOr<batch::MapRequest> request = FromWire(wire);
  if (!request.ok()) return writer->Finish(request.status());
  const int threads = request->workers + 1;
  RunStudy<v1::GetJourneyMapResponse>(
      batch.threads, wire.tenant(), writer,
      [batch, wire, request = *std::move(request), writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
        Pace pace;
        const auto counted =
            batch::CountMap(batch, request, {}, cancellation, [&](const batch::WalkProgress& progress) {
              if (!pace.Now()) return;
              v1::GetJourneyMapResponse message;
              ToWire(progress, message);
              writer->Write(std::move(message));
            });
        if (!counted.ok()) return counted.status();
        absl::StatusOr<v1::GetJourneyMapResponse> answer = Answer(wire, request, *counted);
        if (!answer.ok()) return answer.status();
        writer->Write(*std::move(answer));
        return absl::OkStatus();
      },
      threads);
}

}  // namespace

void AddJourneyMap(const batch::Environment& batch, v1::JourneyService::AsyncService& service, Methods& methods) {
  methods.ServerStream(
      service, &v1::JourneyService::AsyncService::RequestGetJourneyMap,
      [batch](const auto& request, const auto&, const auto& writer) { GetJourneyMap(batch, request, writer); });
}

}  // namespace waymark::rpc
