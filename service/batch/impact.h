#ifndef WAYMARK_SERVICE_BATCH_IMPACT_H_
#define WAYMARK_SERVICE_BATCH_IMPACT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "segmentation/profile.h"
#include "segmentation/sample.h"
#include "service/playbook/playbook.h"

namespace waymark::batch {

// Up to `size` customers out of all that were offered, each once; the same whatever their order.
class CustomerSample {
 public:
  explicit CustomerSample(int size) : smallest_(static_cast<size_t>(size)) {}

  void Offer(absl::string_view customer);
  // By hash, which is as good as in no order.
  std::vector<std::string> customers() const;

 private:
  struct Entry {
    uint64_t key = 0;
    std::string customer;
  };
  segmentation::SmallestKeys<Entry> smallest_;
};

// What becomes of a segment where one playbook follows another.
struct SegmentImpact {
  explicit SegmentImpact(std::string name, int sample)
      : segment(std::move(name)), sample_members(sample), sample_entering(sample), sample_leaving(sample) {}

  std::string segment;
  int64_t members = 0;
  int64_t members_before = 0;
  int64_t entering = 0;
  int64_t leaving = 0;
  CustomerSample sample_members, sample_entering, sample_leaving;
};

// And of a stage.
struct StageImpact {
  std::string journey;
  std::string stage;
  int64_t customers = 0;
  int64_t customers_before = 0;
  int64_t entering = 0;
  int64_t leaving = 0;
};

// Counts, profile by profile, what a candidate playbook changes. A value that is filled; thread-compatible. O(segments)
// memory.
class Impact {
 public:
  using PlaybookPointer = std::shared_ptr<const playbook::Playbook>;

  // Of everything that either playbook has; `current` may be null. `sample`: how many customers each sample holds.
  static Impact OfPlaybook(PlaybookPointer current, PlaybookPointer candidate, int sample);
  // Of one of the candidate's segments, by its index.
  static Impact OfSegment(PlaybookPointer current, PlaybookPointer candidate, int segment, int sample);

  // Looks at a profile as it is stored. Both playbooks are evaluated now.
  void Add(absl::string_view customer, const segmentation::Profile& profile, absl::Time now);

  const std::vector<SegmentImpact>& segments() const { return segments_; }
  const std::vector<StageImpact>& stages() const { return stages_; }

 private:
  // Where something stands in each playbook; -1: it is not there.
  struct Place {
    int before = -1;
    int after = -1;
  };
  // Of one profile under one playbook.
  struct State {
    std::vector<segmentation::JourneyPosition> positions;
    std::vector<bool> member;  // beside segments_
  };

  Impact(PlaybookPointer current, PlaybookPointer candidate)
      : current_(std::move(current)), candidate_(std::move(candidate)) {}

  void AddSegment(const std::string& name, Place place, int sample);
  void AddStages();
  State Look(const playbook::Playbook& playbook, int Place::*index, const segmentation::Profile& profile,
             absl::Time now) const;

  PlaybookPointer current_;
  PlaybookPointer candidate_;
  std::vector<SegmentImpact> segments_;
  std::vector<Place> places_;  // beside segments_
  std::vector<StageImpact> stages_;
  std::vector<std::pair<segmentation::NameId, segmentation::NameId>> stage_ids_;  // journey, stage; beside stages_
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_IMPACT_H_
