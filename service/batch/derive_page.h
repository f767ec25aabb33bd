#ifndef WAYMARK_SERVICE_BATCH_DERIVE_PAGE_H_
#define WAYMARK_SERVICE_BATCH_DERIVE_PAGE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/batch/pending.h"
#include "service/batch/walk.h"
#include "service/engine/derive.h"
#include "service/playbook/playbook.h"
#include "service/store/batch_records.h"
#include "service/store/store.h"

namespace waymark::batch {

// Counts members and customers by segment and stage, as the playbook lists them. Immutable.
class Tally {
 public:
  explicit Tally(const playbook::Playbook& playbook);

  size_t segments() const { return segments_; }
  size_t stages() const { return stages_; }

  // No profiles.
  store::RunCounts None() const;
  // Adds the profile that was derived last.
  void Add(const engine::Deriver& deriver, const engine::Derivation& derivation, store::RunCounts& counts) const;

 private:
  struct Journey {
    segmentation::NameId id{};
    size_t offset = 0;  // of its first stage in the counts
    std::vector<segmentation::NameId> stages;
  };

  size_t segments_;
  std::vector<Journey> journeys_;
  size_t stages_ = 0;
};

// Derives profiles of a tenant and writes those that changed, by compare-and-set. Immutable; borrows the store.
class PageDeriver {
 public:
  PageDeriver(store::ProfileStore& profiles, std::string tenant, std::shared_ptr<const playbook::Playbook> playbook)
      : profiles_(profiles), tenant_(std::move(tenant)), playbook_(std::move(playbook)), tally_(*playbook_) {}

  // A page, as of `now`. Blocks until what it wrote is stored; at most 256 writes are on their way at once. A profile
  // that cannot be decoded, or not be written because it would be too large, is counted as damaged and left alone. So
  // is, undamaged, one that was derived with a newer playbook.
  // Errors: the cancellation's; UNAVAILABLE the store went away or does not answer, and any other of its writes; part
  // of the page may be written then, which `counts.changed` says, and doing it again writes the rest.
  absl::Status Derive(PageOnItsWay page, absl::Time now, const std::shared_ptr<Cancellation>& cancellation,
                      store::RunCounts& counts) const;

  const Tally& tally() const { return tally_; }

 private:
  class Writes;

  absl::Status DeriveEach(const PageOnItsWay& page, const store::StoredProfiles& read, absl::Time now, Writes& writes,
                          store::RunCounts& counts) const;
  store::ProfileStore::Change ChangeOf(uint64_t revision, engine::Derivation derivation, absl::Time now) const;

  store::ProfileStore& profiles_;
  const std::string tenant_;
  const std::shared_ptr<const playbook::Playbook> playbook_;
  const Tally tally_;
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_DERIVE_PAGE_H_
