#ifndef WAYMARK_SERVICE_RPC_JOURNEY_WORTH_H_
#define WAYMARK_SERVICE_RPC_JOURNEY_WORTH_H_

#include "service/batch/environment.h"
#include "waymark/v1/journey.grpc.pb.h"

namespace waymark::rpc {

class Methods;

// The methods of JourneyService that say what the road is worth: stage values and attribution. Those that look at
// everyone work on a batch thread of their own, which stops when the client goes.
void AddJourneyWorth(const batch::Environment& batch, v1::JourneyService::AsyncService& service, Methods& methods);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_JOURNEY_WORTH_H_
