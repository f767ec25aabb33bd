#ifndef WAYMARK_SERVICE_RPC_JOURNEY_WIRE_H_
#define WAYMARK_SERVICE_RPC_JOURNEY_WIRE_H_

#include "absl/status/statusor.h"
#include "service/batch/export_journeys.h"
#include "waymark/v1/journey.pb.h"

namespace waymark::rpc {

// Requests about journeys and their answers; errors as in from_wire.h. `wire` of an answer is empty before. Pure.

absl::StatusOr<batch::ExportJourneysRequest> FromWire(const v1::ExportJourneysRequest& wire);

void ToWire(const batch::JourneyTrace& trace, v1::CustomerTrace& wire);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_JOURNEY_WIRE_H_
