#ifndef WAYMARK_SERVICE_RPC_JOURNEY_MAP_H_
#define WAYMARK_SERVICE_RPC_JOURNEY_MAP_H_

#include "service/batch/environment.h"
#include "waymark/v1/journey.grpc.pb.h"

namespace waymark::rpc {

class Methods;

// GetJourneyMap, on batch threads of its own, which stop when the client goes.
void AddJourneyMap(const batch::Environment& batch, v1::JourneyService::AsyncService& service, Methods& methods);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_JOURNEY_MAP_H_
