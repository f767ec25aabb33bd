#ifndef WAYMARK_SERVICE_RPC_STATUS_H_
#define WAYMARK_SERVICE_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace waymark::rpc {

// The one place where errors become gRPC's. The code and the message stay; the details (google.rpc.Status in the
// trailer `grpc-status-details-bin`) hold, in this order:
//   ErrorInfo   always: the table's reason for the code, domain "waymark"
//   RetryInfo   where the table says that repeating the call may help
//   BadRequest  where base::FieldViolationsOf has something to say
// Clients refuse trailers of more than 8 KiB, so the details stay below 4,500 bytes and the message below 1,000:
// violations that do not fit are left out, and the last one that is sent says how many.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_STATUS_H_
