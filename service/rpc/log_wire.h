#ifndef WAYMARK_SERVICE_RPC_LOG_WIRE_H_
#define WAYMARK_SERVICE_RPC_LOG_WIRE_H_

#include "absl/status/statusor.h"
#include "service/batch/audit.h"
#include "service/batch/explain.h"
#include "service/batch/replay.h"
#include "waymark/v1/decision.pb.h"

namespace waymark::rpc {

// The requests about the log of decisions and their answers; errors as in from_wire.h. Pure.

absl::StatusOr<batch::DecisionName> FromWire(const v1::ExplainDecisionRequest& wire);
// Without the playbook, whose text is to be compiled.
absl::StatusOr<batch::ReplayRequest> FromWire(const v1::ReplayDecisionsRequest& wire);
absl::StatusOr<batch::TimeRange> FromWire(const v1::ExportDecisionsRequest& wire);
absl::StatusOr<batch::AuditRequest> FromWire(const v1::AuditDecisionsRequest& wire);

void ToWire(const batch::Explained& explained, v1::ExplainDecisionResponse& wire);
void ToWire(const batch::Replay& replay, v1::ReplayDecisionsResponse& wire);
void ToWire(const batch::Audit& audit, v1::AuditDecisionsResponse& wire);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_LOG_WIRE_H_
