#ifndef WAYMARK_SERVICE_RPC_DECISION_LOG_SERVICE_H_
#define WAYMARK_SERVICE_RPC_DECISION_LOG_SERVICE_H_

#include "service/batch/log_walk.h"
#include "waymark/v1/decision.grpc.pb.h"

namespace waymark::rpc {

class Methods;

// The methods of DecisionService that read the log of decisions: each works on a batch thread of its own.
void AddDecisionLog(const batch::LogEnvironment& log, v1::DecisionService::AsyncService& service, Methods& methods);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_DECISION_LOG_SERVICE_H_
