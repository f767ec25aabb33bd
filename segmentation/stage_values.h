#ifndef WAYMARK_SEGMENTATION_STAGE_VALUES_H_
#define WAYMARK_SEGMENTATION_STAGE_VALUES_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/stable_hash.h"

namespace waymark::segmentation {

// What customers who stand in the stages of the journeys are expected to bring, as it was learned of everyone
// (service/journey/stage_value.h says how). Values; immutable once they are made, so thread-safe.

// How it was learned.
struct StageValueOptions {
  double yearly_discount = 0.1;  // 0.1: money in a year is worth 1 / 1.1 of money now
  // Who is not heard of for so long is gone; who comes back later begins anew.
  absl::Duration gone_after = absl::Hours(24) * 180;
  double shrinkage = 50;         // how many average stays of everyone stand beside a segment's own
  std::vector<NameId> segments;  // that are learned apart, ascending; empty: all

  friend bool operator==(const StageValueOptions&, const StageValueOptions&) = default;
};

struct StageValue {
  NameId stage{};
  absl::optional<double> value;  // whole units; none: nobody was seen there
  // What it rests on, before anything is shrunk.
  int64_t stays = 0;
  int64_t left_for_good = 0;   // of the stays: that ended in silence
  int64_t exposure_ms = 0;     // of the stays, together
  int64_t revenue_micros = 0;  // during them
  friend bool operator==(const StageValue&, const StageValue&) = default;
};

struct SegmentStageValues {
  NameId segment{};  // none: everyone
  int64_t customers = 0;
  std::vector<StageValue> stages;  // in the order of the road

  friend bool operator==(const SegmentStageValues&, const SegmentStageValues&) = default;
};

struct JourneyStageValues {
  NameId journey{};
  std::vector<SegmentStageValues> segments;  // everyone first, then as the playbook lists those with enough customers

  friend bool operator==(const JourneyStageValues&, const JourneyStageValues&) = default;
};

struct StageValues {
  absl::Time learned_at = absl::UnixEpoch();  // the epoch: nothing was learned
  uint64_t playbook_version = 0;
  StageValueOptions options;
  int64_t customers = 0;  // everyone that was looked at
  std::vector<JourneyStageValues> journeys;

  friend bool operator==(const StageValues&, const StageValues&) = default;
};

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_STAGE_VALUES_H_
