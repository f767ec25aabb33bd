#include "service/web/prometheus_writer.h"

#include <cstdint>
#include <limits>

namespace waymark::web {

using prometheus::ClientMetric;
using prometheus::MetricType;

ClientMetric& PrometheusWriter::Add(const base::MetricName& metric, base::MetricLabels labels, MetricType type) {
  const auto [found, fresh] = family_of_.try_emplace(std::string(metric.name), families_.size());
  if (fresh) families_.push_back({std::string(metric.name), std::string(metric.help), type, {}});
  ClientMetric& added = families_[found->second].metric.emplace_back();
  for (const base::MetricLabel& label : labels) {
    added.label.push_back({std::string(label.name), std::string(label.value)});
  }
  return added;
}

void PrometheusWriter::WriteCounter(const base::MetricName& metric, base::MetricLabels labels, double value) {
  Add(metric, labels, MetricType::Counter).counter.value = value;
}

void PrometheusWriter::WriteGauge(const base::MetricName& metric, base::MetricLabels labels, double value) {
  Add(metric, labels, MetricType::Gauge).gauge.value = value;
}

void PrometheusWriter::WriteHistogram(const base::MetricName& metric, base::MetricLabels labels,
                                      const base::HistogramValue& value) {
  ClientMetric::Histogram& histogram = Add(metric, labels, MetricType::Histogram).histogram;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < value.counts.size(); ++i) {
    cumulative += value.counts[i];
    const double bound =
        i < value.bounds.size() ? absl::ToDoubleSeconds(value.bounds[i]) : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({cumulative, bound});
  }
  histogram.sample_count = cumulative;
  histogram.sample_sum = value.sum_seconds;
}

}  // namespace waymark::web
