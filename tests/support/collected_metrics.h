#ifndef WAYMARK_TESTS_SUPPORT_COLLECTED_METRICS_H_
#define WAYMARK_TESTS_SUPPORT_COLLECTED_METRICS_H_

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "service/base/metrics.h"

namespace waymark::testing_support {

class CollectedMetrics final : public base::MetricWriter {
 public:
  void WriteCounter(const base::MetricName& metric, base::MetricLabels labels, double value) override {
    Write(metric, labels, value);
  }
  void WriteGauge(const base::MetricName& metric, base::MetricLabels labels, double value) override {
    Write(metric, labels, value);
  }
  void WriteHistogram(const base::MetricName& metric, base::MetricLabels labels,
                      const base::HistogramValue& value) override {
    Write(metric, labels, static_cast<double>(value.total()));
  }

  std::map<std::string, double> values;

 private:
  void Write(const base::MetricName& metric, base::MetricLabels labels, double value) {
    const std::string text = absl::StrJoin(labels, ",", [](std::string* out, const base::MetricLabel& label) {
      absl::StrAppend(out, label.name, "=", label.value);
    });
    EXPECT_TRUE(values.emplace(absl::StrCat(metric.name, "{", text, "}"), value).second) << metric.name << text;
  }
};

// What a source has now, by "name{label=value,...}"; of histograms the count. Fails where something is given twice.
inline std::map<std::string, double> Collect(const base::MetricSource& source) {
  CollectedMetrics collected;
  source.Collect(collected);
  return collected.values;
}

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_COLLECTED_METRICS_H_
