#ifndef WAYMARK_SERVICE_BATCH_FRESH_MAPS_H_
#define WAYMARK_SERVICE_BATCH_FRESH_MAPS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/worker.h"
#include "service/batch/environment.h"
#include "service/batch/pending.h"
#include "service/store/journey_records.h"

namespace waymark::batch {

struct FreshMapsOptions {
  absl::Duration poll =
      absl::Seconds(15);  // how often it is asked which maps there are, for the first time after so long
  absl::Duration asked_within = absl::Hours(1);  // a map that nobody asked for so long is left alone
  absl::Duration age = absl::Minutes(2);         // at which a map is counted again
  // What a tenant's counting may take of a replica's time: after a look that took t, none begins for t / share.
  double share = 0.125;
};

// Counts the maps again that somebody asked for lately, so that they are minutes old at most and answered at once: the
// oldest of a tenant that is older than `age`, one at a time. All replicas do so, and share each look.
//
// Costs: one list of records each `poll`; a look at everyone (see CountMap) of one thread each `age`, and as much less
// often as `share` says where that is more: a million customers take some 7 s of a core each two minutes, ten million
// 70 s each ten.
//
// A map is counted again whether or not events came, because time alone moves customers from stage to stage. Nothing is
// asked of those who record events. Thread-safe.
class FreshMaps {
 public:
  // Borrows what the environment names.
  explicit FreshMaps(const Environment& environment, const FreshMapsOptions& options = {});
  // Stops, and waits for what it counts.
  ~FreshMaps();

  // Begins no more, and ends what is under way.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  // One look at which maps there are, at once; for tests. Returns how many were begun.
  int Look() ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until nothing is counted; for tests.
  void AwaitIdle() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Due {
    std::string tenant;
    std::string of;
    store::JourneyMapKey key;
  };

  absl::Duration Tick();
  // One a tenant: the oldest.
  std::vector<Due> FindDue(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  bool Begin(const Due& due) ABSL_LOCKS_EXCLUDED(mutex_);
  void End(const Due& due, const absl::Status& status, absl::Duration took) ABSL_LOCKS_EXCLUDED(mutex_);
  bool Idle() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return running_.empty(); }

  const Environment environment_;
  const FreshMapsOptions options_;
  const std::shared_ptr<Cancellation> stopped_ = std::make_shared<Cancellation>();
  bool begins_ = true;  // the worker's own
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<std::string, std::shared_ptr<Cancellation>> running_ ABSL_GUARDED_BY(mutex_);  // by tenant
  absl::flat_hash_map<std::string, absl::Time> rests_until_ ABSL_GUARDED_BY(mutex_);                 // by tenant
  // Maps that could not be counted, by tenant and key.
  absl::flat_hash_map<std::pair<std::string, std::string>, absl::Time> skipped_until_ ABSL_GUARDED_BY(mutex_);
  base::Worker worker_;  // last: stops before what it uses goes
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_FRESH_MAPS_H_
