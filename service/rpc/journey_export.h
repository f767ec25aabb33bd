#ifndef WAYMARK_SERVICE_RPC_JOURNEY_EXPORT_H_
#define WAYMARK_SERVICE_RPC_JOURNEY_EXPORT_H_

#include "service/batch/environment.h"
#include "waymark/v1/journey.grpc.pb.h"

namespace waymark::rpc {

class Methods;

// JourneyService.ExportJourneys, on a batch thread, which stops when the client goes.
void AddJourneyExport(const batch::Environment& batch, v1::JourneyService::AsyncService& service, Methods& methods);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_JOURNEY_EXPORT_H_
