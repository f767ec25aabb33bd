#ifndef WAYMARK_SERVICE_STORE_REDIS_SHARED_UPDATES_H_
#define WAYMARK_SERVICE_STORE_REDIS_SHARED_UPDATES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/store/store.h"

namespace waymark::store {

// One read and one write of a customer's profile for all who wanted to change it while it was being read. Each change
// is given what the one before it made, and counts a revision. A change of the segments ends a write, so that each is
// announced, and what is left makes another one. Thread-compatible: used by one thread at a time.
class SharedUpdate {
 public:
  // Somebody's change.
  struct Part {
    absl::Time deadline;
    ProfileStore::Change change;
    ProfileStore::UpdateDone done;
  };

  explicit SharedUpdate(Part first) { parts_.push_back({std::move(first)}); }

  // What is to be written next, given what is stored; nullopt where no change changes anything. To be called again
  // where something else is stored by now. A change that fails does so alone.
  absl::optional<StoredProfile> Apply(const StoredProfile& stored);

  // Tells those whose changes were applied that they are stored. True: there are others, to be applied to what Apply
  // gave.
  bool Stored();

  // Tells everybody who was not told. That it took too long is said as UNAVAILABLE to whom the deadline is later.
  void Fail(const absl::Status& status);

  // Who was not told, to be updated one by one.
  std::vector<Part> Split();
  size_t size() const { return parts_.size(); }

 private:
  friend class SharedUpdates;

  struct Member {
    Part part;
    absl::Status failure;   // of the last Apply
    uint64_t revision = 0;  // after its change
  };

  std::vector<Member> parts_;
  size_t applied_ = 0;  // of them, from the first on
};

// The updates that wait for the profile they will change. Thread-safe.
class SharedUpdates {
 public:
  // Joins the update of the customer that waits for its profile, unless that one has a later deadline, or 256 parts;
  // then, and where there is none, gives a new one, which the caller is to run. Nullptr: it joined.
  std::shared_ptr<SharedUpdate> Join(const CustomerKey& key, SharedUpdate::Part part);

  // Nobody joins the update any more. To be called before its Apply, or its Fail without one.
  void Close(const CustomerKey& key, const std::shared_ptr<SharedUpdate>& update);

 private:
  using Key = std::pair<std::string, std::string>;

  absl::Mutex mutex_;
  absl::flat_hash_map<Key, std::shared_ptr<SharedUpdate>> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_SHARED_UPDATES_H_
