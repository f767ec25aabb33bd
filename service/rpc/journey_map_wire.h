#ifndef WAYMARK_SERVICE_RPC_JOURNEY_MAP_WIRE_H_
#define WAYMARK_SERVICE_RPC_JOURNEY_MAP_WIRE_H_

#include <string>

#include "absl/status/statusor.h"
#include "service/batch/map_journeys.h"
#include "service/journey/map.h"
#include "waymark/v1/journey.pb.h"

namespace waymark::rpc {

// Journey maps from and to the contract. Pure.

// Errors as in from_wire.h.
absl::StatusOr<batch::MapRequest> FromWire(const v1::GetJourneyMapRequest& wire);
// Of the request's min_people. REQUIRES: FromWire took it.
int MinPeopleOf(const v1::GetJourneyMapRequest& wire);

// `currency`: of the playbook. `wire` is empty before. The selection and the time are the caller's to set.
void ToWire(const journey::JourneyMap& map, const std::string& currency, v1::JourneyMap& wire);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_JOURNEY_MAP_WIRE_H_
