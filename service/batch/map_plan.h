#ifndef WAYMARK_SERVICE_BATCH_MAP_PLAN_H_
#define WAYMARK_SERVICE_BATCH_MAP_PLAN_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/profile.h"
#include "service/batch/selection.h"
#include "service/engine/derive.h"
#include "service/journey/map_counter.h"
#include "service/journey/map_period.h"
#include "service/playbook/evaluation.h"
#include "service/playbook/playbook.h"
#include "service/store/journey_records.h"

namespace waymark::batch {

// What a journey map counts of everyone, under one playbook. Immutable.
class MapPlan {
 public:
  // The journey's name may be empty: the primary one. NOT_FOUND: no such journey, segment or persona;
  // FAILED_PRECONDITION: the playbook has no journeys.
  static absl::StatusOr<MapPlan> Of(std::shared_ptr<const playbook::Playbook> playbook, store::JourneyMapKey key);

  const std::shared_ptr<const playbook::Playbook>& playbook() const { return playbook_; }
  int journey() const { return journey_; }
  size_t stages() const { return playbook_->journeys[static_cast<size_t>(journey_)].stages.size(); }
  // With the journey's name.
  const store::JourneyMapKey& key() const { return key_; }

 private:
  friend class PlanCounter;

  struct Part {
    journey::MapPeriod period;
    Selector selector;
  };

  MapPlan(std::shared_ptr<const playbook::Playbook> playbook, int journey, store::JourneyMapKey key, Part selected,
          absl::optional<Part> compared);

  std::shared_ptr<const playbook::Playbook> playbook_;
  int journey_;
  store::JourneyMapKey key_;
  Part selected_;
  absl::optional<Part> compared_;
  bool needs_segments_;
};

// Counts one profile after the other, as of one moment: the stages are those of that moment, whenever they were stored.
// Single-threaded.
class PlanCounter {
 public:
  // Borrows the plan.
  PlanCounter(const MapPlan& plan, absl::Time as_of);

  void Add(const segmentation::Profile& profile);
  const store::JourneyCounts& counts() const { return counts_; }

 private:
  absl::Span<const segmentation::JourneyPosition> Positions(const segmentation::Profile& profile);

  const MapPlan& plan_;
  const absl::Time as_of_;
  const segmentation::Profile nobody_;
  const segmentation::Context no_context_;
  playbook::Evaluation evaluation_;
  std::vector<segmentation::JourneyPosition> positions_;
  engine::Deriver deriver_;  // where it takes segments
  journey::MapCounter selected_;
  absl::optional<journey::MapCounter> compared_;
  store::JourneyCounts counts_;
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_MAP_PLAN_H_
