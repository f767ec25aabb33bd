#ifndef WAYMARK_SERVICE_BASE_SNAPSHOT_H_
#define WAYMARK_SERVICE_BASE_SNAPSHOT_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace waymark::base {

// The current one of a series of immutable values: readers take it and keep it as long as they like, a writer replaces
// it. Thread-safe.
template <typename T>
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  std::shared_ptr<const T> Get() const {
    absl::MutexLock lock(&mutex_);
    return value_;
  }

  void Set(std::shared_ptr<const T> value) {
    absl::MutexLock lock(&mutex_);
    value_.swap(value);
  }

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const T> value_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_SNAPSHOT_H_
