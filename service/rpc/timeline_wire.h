#ifndef WAYMARK_SERVICE_RPC_TIMELINE_WIRE_H_
#define WAYMARK_SERVICE_RPC_TIMELINE_WIRE_H_

#include "absl/status/statusor.h"
#include "segmentation/profile.h"
#include "service/engine/requests.h"
#include "service/journey/timeline.h"
#include "service/playbook/playbook.h"
#include "waymark/v1/journey.pb.h"

namespace waymark::rpc {

// One customer's way on a journey; errors as in from_wire.h. `wire` of an answer is empty before. Pure.

absl::StatusOr<engine::JourneyRequest> FromWire(const v1::GetJourneyRequest& wire);
void ToWire(const engine::JourneyAnswer& answer, v1::GetJourneyResponse& wire);

// `trail`: of the same profile as the entry; it knows the touchpoints that the playbook does not.
void ToWire(const journey::TimelineEntry& entry, const playbook::Playbook& playbook, const playbook::Journey& journey,
            const segmentation::Trail& trail, v1::JourneyEntry& wire);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_TIMELINE_WIRE_H_
