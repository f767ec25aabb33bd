#ifndef WAYMARK_SERVICE_RPC_INGEST_STREAM_H_
#define WAYMARK_SERVICE_RPC_INGEST_STREAM_H_

#include "service/engine/engine.h"
#include "waymark/v1/event.grpc.pb.h"

namespace waymark::rpc {

class Methods;

// IngestEvents. A stream holds no thread: it takes the serving thread for one group of batches at a time, about 4 ms,
// and is read no further while too much of it waits. When the server stops, streams end after what they have received.
void AddIngestStream(engine::Engine& engine, v1::EventService::AsyncService& service, Methods& methods);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_INGEST_STREAM_H_
