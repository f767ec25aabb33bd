#ifndef WAYMARK_SERVICE_ENGINE_ENGINE_METRICS_H_
#define WAYMARK_SERVICE_ENGINE_ENGINE_METRICS_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "service/base/metrics.h"
#include "service/decision/decision.h"
#include "service/engine/requests.h"

namespace waymark::engine {

// Counts what was decided and what was recorded. Thread-safe.
class EngineMetrics final : public base::MetricSource {
 public:
  // Some ten additions.
  void CountDecision(const decision::Decision& decision, Knowledge knowledge);
  // An event that was asked to be recorded. `receipt`: where the status is OK.
  void CountEvent(const absl::Status& status, const Receipt& receipt);

  void Collect(base::MetricWriter& writer) const override;

 private:
  // Of a placement.
  enum Outcome : size_t { kChosen, kFallback, kNothing, kOutcomes };
  enum EventResult : size_t { kRecorded, kDisallowed, kDuplicate, kWithheld, kRefused, kFailed, kEventResults };
  static constexpr size_t kKnowledges = 6;

  base::Counters<kKnowledges * kOutcomes> decided_;
  base::Counters<decision::kReasons> candidates_;
  base::Counters<kEventResults> events_;
};

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_ENGINE_METRICS_H_
