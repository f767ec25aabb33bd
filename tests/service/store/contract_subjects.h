#ifndef WAYMARK_TESTS_SERVICE_STORE_CONTRACT_SUBJECTS_H_
#define WAYMARK_TESTS_SERVICE_STORE_CONTRACT_SUBJECTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/store/changes.h"
#include "service/store/decision_log.h"
#include "service/store/redis/redis_options.h"
#include "service/store/store.h"

namespace waymark::testing_support {

inline constexpr uint64_t kSubjectMaxChanges = 2'000;

// An implementation under the contract suite, with the world it needs, empty at first.
class ContractSubject {
 public:
  virtual ~ContractSubject() = default;

  virtual store::ProfileStore& profiles() = 0;
  virtual store::RecordStore& records() = 0;
  // Keeps kSubjectMaxChanges in each part.
  virtual store::ChangeFeed& changes() = 0;
  virtual size_t feed_parts() const { return 1; }
  // Customers whose changes are in one part of the feed, each i another one.
  virtual std::string Neighbour(int i) const;
  virtual store::DecisionLog& decisions() = 0;

  // Puts these bytes in the place of the customer's stored value.
  virtual void SetBytes(const store::CustomerKey& key, const std::string& bytes) = 0;

  // Destroys the stores and opens them again, where what is stored outlives them.
  virtual void Reopen() {}

  // Destroys the stores. None of the above is called afterwards.
  virtual void Close() = 0;
};

// nullptr, with a failure of the test, where it cannot be had.
std::unique_ptr<ContractSubject> MakeFakeSubject();
std::unique_ptr<ContractSubject> MakeEmbeddedSubject();
std::unique_ptr<ContractSubject> MakeRedisSubject();

// Hears of a RedisStore's states. It must outlive the store. Thread-safe.
class StateWatch {
 public:
  // The options, told to tell it.
  store::RedisOptions Watching(store::RedisOptions options);

  // Waits until the store is connected, or is not; false where it does not come to that within 30 s.
  bool WaitForConnected();
  bool WaitForDisconnected();
  absl::Status last() const;

 private:
  bool Ok() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return state_.ok(); }
  bool NotOk() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !state_.ok(); }

  mutable absl::Mutex mutex_;
  absl::Status state_ ABSL_GUARDED_BY(mutex_) = absl::UnknownError("not heard of yet");
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SERVICE_STORE_CONTRACT_SUBJECTS_H_
