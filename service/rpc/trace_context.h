#ifndef WAYMARK_SERVICE_RPC_TRACE_CONTEXT_H_
#define WAYMARK_SERVICE_RPC_TRACE_CONTEXT_H_

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace waymark::rpc {

// Where a call stands in its caller's trace.
struct TraceContext {
  absl::string_view trace_id;  // 32 of [0-9a-f]
  absl::string_view span_id;   // 16; of the caller
};

// Reads the value of W3C's `traceparent` (Trace Context, https://www.w3.org/TR/trace-context/): version, trace, parent,
// flags. nullopt where it is none; what later versions append is left out. The result borrows `traceparent`.
absl::optional<TraceContext> ParseTraceparent(absl::string_view traceparent);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_TRACE_CONTEXT_H_
