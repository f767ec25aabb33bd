#include "service/rpc/trace_context.h"

namespace waymark::rpc {
namespace {

constexpr absl::string_view kHex = "0123456789abcdef";

bool IsHex(absl::string_view text) { return text.find_first_not_of(kHex) == absl::string_view::npos; }
bool IsZero(absl::string_view text) { return text.find_first_not_of('0') == absl::string_view::npos; }

}  // namespace

absl::optional<TraceContext> ParseTraceparent(absl::string_view traceparent) {
  // 00-<32>-<16>-<2>
  constexpr size_t kSize = 55;
  if (traceparent.size() < kSize || traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') {
    return absl::nullopt;
  }
  const absl::string_view version = traceparent.substr(0, 2);
  const TraceContext context{traceparent.substr(3, 32), traceparent.substr(36, 16)};
  if (!IsHex(version) || version == "ff" || !IsHex(context.trace_id) || !IsHex(context.span_id) ||
      !IsHex(traceparent.substr(53, 2)) || IsZero(context.trace_id) || IsZero(context.span_id)) {
    return absl::nullopt;
  }
  if (traceparent.size() > kSize && (version == "00" || traceparent[kSize] != '-')) return absl::nullopt;
  return context;
}

}  // namespace waymark::rpc
