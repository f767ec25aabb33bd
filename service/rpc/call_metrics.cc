#include "service/rpc/call_metrics.h"

#include <string>

#include "absl/status/status.h"
#include "service/base/clock.h"

namespace waymark::rpc {
namespace {

constexpr base::MetricName kDuration = {"rpc_server_call_duration_seconds",
                                        "How long calls took, from their arrival to their answer."};
constexpr base::MetricName kInFlight = {"waymark_rpc_calls_in_flight", "Calls that are not answered yet."};
constexpr base::MetricLabel kSystem = {"rpc_system_name", "grpc"};

// Which codes are a failure of the server's own, to OpenTelemetry's conventions for gRPC.
bool IsServerError(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

}  // namespace

void CallMetrics::Start(const std::vector<ServedMethod>& methods) {
  for (const ServedMethod& served : methods) methods_.push_back(std::make_unique<Method>(served));
}

void CallMetrics::Ended(const EndedCall& call) {
  const absl::Time now = base::SteadyNow();
  Method& method = *methods_[static_cast<size_t>(call.method)];
  method.by_code.Add(static_cast<size_t>(call.status.code()), now - call.began);
  log_.Ended(call, method.served, now);
}

void CallMetrics::Collect(base::MetricWriter& writer) const {
  for (const std::unique_ptr<Method>& method : methods_) {
    const base::MetricLabel name = {"rpc_method", method->served.name};
    uint64_t ended = 0;
    for (size_t i = 0; i < kCodes; ++i) {
      const base::Histogram* histogram = method->by_code.Find(i);
      if (histogram == nullptr) continue;
      const base::HistogramValue value = histogram->value();
      ended += value.total();
      const auto code = static_cast<absl::StatusCode>(i);
      const std::string code_name = absl::StatusCodeToString(code);
      std::vector<base::MetricLabel> labels = {kSystem, name, {"rpc_response_status_code", code_name}};
      if (IsServerError(code)) labels.push_back({"error_type", code_name});
      writer.WriteHistogram(kDuration, labels, value);
    }
    // Read last, so that it is not below those that ended.
    const uint64_t begun = method->begun.value();
    if (begun == 0) continue;
    writer.WriteGauge(kInFlight, {kSystem, name}, static_cast<double>(begun - ended));
  }
}

}  // namespace waymark::rpc
