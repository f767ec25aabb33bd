#ifndef WAYMARK_SERVICE_WEB_PROMETHEUS_WRITER_H_
#define WAYMARK_SERVICE_WEB_PROMETHEUS_WRITER_H_

#include <prometheus/metric_family.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "service/base/metrics.h"

namespace waymark::web {

// Makes prometheus-cpp's families of what sources write. Single-threaded.
class PrometheusWriter final : public base::MetricWriter {
 public:
  void WriteCounter(const base::MetricName& metric, base::MetricLabels labels, double value) override;
  void WriteGauge(const base::MetricName& metric, base::MetricLabels labels, double value) override;
  void WriteHistogram(const base::MetricName& metric, base::MetricLabels labels,
                      const base::HistogramValue& value) override;

  // In the order in which they were first written, each once.
  std::vector<prometheus::MetricFamily> TakeFamilies() { return std::move(families_); }

 private:
  prometheus::ClientMetric& Add(const base::MetricName& metric, base::MetricLabels labels, prometheus::MetricType type);

  std::vector<prometheus::MetricFamily> families_;
  std::map<std::string, size_t> family_of_;  // by name
};

}  // namespace waymark::web

#endif  // WAYMARK_SERVICE_WEB_PROMETHEUS_WRITER_H_
