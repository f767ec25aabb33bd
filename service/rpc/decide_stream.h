#ifndef WAYMARK_SERVICE_RPC_DECIDE_STREAM_H_
#define WAYMARK_SERVICE_RPC_DECIDE_STREAM_H_

#include "absl/time/time.h"
#include "service/batch/environment.h"
#include "service/engine/engine.h"
#include "waymark/v1/decision.grpc.pb.h"

namespace waymark::rpc {

class Methods;

// DecisionService's DecideStream: a stream is decided on a batch thread of its own, a message after the other. A client
// that sends nothing, or reads nothing, for longer than `patience` is cancelled, because it holds that thread.
void AddDecideStream(engine::Engine& engine, const batch::Environment& batch,
                     v1::DecisionService::AsyncService& service, Methods& methods,
                     absl::Duration patience = absl::Seconds(60));

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_DECIDE_STREAM_H_
