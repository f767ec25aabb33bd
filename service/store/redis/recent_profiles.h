#ifndef WAYMARK_SERVICE_STORE_REDIS_RECENT_PROFILES_H_
#define WAYMARK_SERVICE_STORE_REDIS_RECENT_PROFILES_H_

#include <cstddef>
#include <list>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/store/store.h"

namespace waymark::store {

// What Redis last said of profiles, or was last told, for when it is away: the values as they are stored. Those that
// were kept first make room. In this process's memory alone. Costs a read a copy of the value. Thread-safe.
class RecentProfiles {
 public:
  // What is older than `age` is not given.
  RecentProfiles(size_t bytes, absl::Duration age) : max_bytes_(bytes), age_(age) {}

  // The stored value of the key at this moment; empty: there is none.
  void Keep(absl::string_view key, absl::string_view value, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  absl::optional<RecentProfile> Recall(absl::string_view key, absl::Time now) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Kept {
    std::string key;
    std::string value;
    absl::Time at;
  };
  using Order = std::list<Kept>;  // the oldest first

  void Drop(Order::iterator kept) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_bytes_;
  const absl::Duration age_;
  mutable absl::Mutex mutex_;
  Order order_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<absl::string_view, Order::iterator> by_key_ ABSL_GUARDED_BY(mutex_);  // of the list's own keys
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_RECENT_PROFILES_H_
