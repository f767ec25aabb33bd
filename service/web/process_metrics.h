#ifndef WAYMARK_SERVICE_WEB_PROCESS_METRICS_H_
#define WAYMARK_SERVICE_WEB_PROCESS_METRICS_H_

#include <string>
#include <utility>

#include "service/base/metrics.h"

namespace waymark::web {

// Of this process, by the names that Prometheus's client libraries share (`process_cpu_seconds_total` and so on), read
// from /proc; what cannot be read is left out. And which version it is. Thread-safe.
class ProcessMetrics final : public base::MetricSource {
 public:
  explicit ProcessMetrics(std::string version) : version_(std::move(version)) {}

  void Collect(base::MetricWriter& writer) const override;

 private:
  const std::string version_;
};

}  // namespace waymark::web

#endif  // WAYMARK_SERVICE_WEB_PROCESS_METRICS_H_
