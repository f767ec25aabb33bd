#ifndef WAYMARK_SERVICE_STORE_REDIS_SHARED_READS_H_
#define WAYMARK_SERVICE_STORE_REDIS_SHARED_READS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/store/changes.h"

namespace waymark::store {

// Who reads the same place of the same feed at the same time reads it once: many watch one tenant, and wait at its end.
// Thread-safe.
class SharedReads {
 public:
  using Done = ChangeFeed::ReadDone;

  // Whether the caller is to read, and then to call Finish with `what`; `done` is told then. False where somebody is
  // reading the same already, and not beyond this deadline: `done` is told what they are told. (`what` is changed where
  // somebody is, beyond it.)
  bool MustRead(std::string& what, absl::Time deadline, Done done) ABSL_LOCKS_EXCLUDED(mutex_);

  void Finish(const std::string& what, const absl::StatusOr<ChangeFeed::Changes>& changes) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Read {
    absl::Time deadline;
    std::vector<Done> waiting;
  };

  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Read> reads_ ABSL_GUARDED_BY(mutex_);
  uint64_t alone_ ABSL_GUARDED_BY(mutex_) = 0;  // how many could not share
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_SHARED_READS_H_
