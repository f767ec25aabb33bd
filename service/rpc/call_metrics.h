#ifndef WAYMARK_SERVICE_RPC_CALL_METRICS_H_
#define WAYMARK_SERVICE_RPC_CALL_METRICS_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "service/base/metrics.h"
#include "service/rpc/call_log.h"
#include "service/rpc/call_observer.h"

namespace waymark::rpc {

// Counts and times every call by method and code, and logs those that CallLog wants logged. Names and labels are
// OpenTelemetry's (semantic conventions for RPC metrics, release candidate), in Prometheus's spelling. Costs a call
// three additions and one look at the clock. Thread-safe.
class CallMetrics final : public CallObserver, public base::MetricSource {
 public:
  explicit CallMetrics(const CallLogOptions& log) : log_(log) {}

  void Start(const std::vector<ServedMethod>& methods) override;
  void Began(int method) override { methods_[static_cast<size_t>(method)]->begun.Add(); }
  void Ended(const EndedCall& call) override;

  // REQUIRES: started.
  void Collect(base::MetricWriter& writer) const override;

 private:
  static constexpr size_t kCodes = 17;  // gRPC's, and the same as absl's

  struct Method {
    explicit Method(const ServedMethod& served) : served(served) {}

    const ServedMethod served;
    base::Counter begun;
    base::Histograms<kCodes> by_code{base::CallBounds()};
  };

  std::vector<std::unique_ptr<Method>> methods_;  // constant once started
  CallLog log_;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_CALL_METRICS_H_
