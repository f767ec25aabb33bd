#ifndef WAYMARK_SERVICE_BATCH_PAST_PLAYBOOKS_H_
#define WAYMARK_SERVICE_BATCH_PAST_PLAYBOOKS_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "service/batch/pending.h"
#include "service/engine/playbooks.h"
#include "service/playbook/playbook.h"

namespace waymark::batch {

using PlaybookPointer = std::shared_ptr<const playbook::Playbook>;

// Playbooks as they were served once, each with the population of that time: compiled again when they are asked for,
// the last 32 of all tenants kept. Methods block. Thread-safe.
class PastPlaybooks {
 public:
  // Borrows it.
  explicit PastPlaybooks(engine::Playbooks& playbooks) : playbooks_(playbooks) {}

  // `population_version` 0: without one. FAILED_PRECONDITION, saying which: one of them is not kept any more, or the
  // text does not compile with this Waymark. UNAVAILABLE; the cancellation's status.
  absl::StatusOr<PlaybookPointer> Get(const std::string& tenant, uint64_t version, uint64_t population_version,
                                      const std::shared_ptr<Cancellation>& cancellation) ABSL_LOCKS_EXCLUDED(mutex_);

  // The same population in another playbook.
  absl::StatusOr<PlaybookPointer> WithPopulation(const std::string& tenant, const PlaybookPointer& playbook,
                                                 uint64_t population_version,
                                                 const std::shared_ptr<Cancellation>& cancellation);

 private:
  struct Key {
    std::string tenant;
    uint64_t version = 0;
    uint64_t population_version = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };

  absl::StatusOr<PlaybookPointer> Make(const Key& key, const std::shared_ptr<Cancellation>& cancellation);

  engine::Playbooks& playbooks_;
  absl::Mutex mutex_;
  // The last that was asked for first. With those that cannot be had.
  std::list<std::pair<Key, absl::StatusOr<PlaybookPointer>>> kept_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_PAST_PLAYBOOKS_H_
