#ifndef WAYMARK_TESTS_SERVICE_STORE_CONTRACT_SUBJECTS_H_
#define WAYMARK_TESTS_SERVICE_STORE_CONTRACT_SUBJECTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/store/changes.h"
#include "service/store/decision_log.h"
#include "service/store/redis/redis_options.h"
#include "service/store/redis/redis_store.h"
#include "service/store/store.h"

namespace waymark::testing_support {

inline constexpr uint64_t kSubjectMaxChanges = 2'000;

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

// An implementation, as the contract suites' parameter.
struct Implementation {
  const char* name;
  // nullptr, with a failure of the test, where it cannot be had.
  std::unique_ptr<ContractSubject> (*make)();
};
// What a test's name shows of it.
void PrintTo(const Implementation& implementation, std::ostream* out);

// Those that the suites are to run: of the binary, each of which links one definition.
std::vector<Implementation> Implementations();

// A RedisStore on servers that somebody else keeps: how to reach them, and how to set a key.
class RedisSubject : public ContractSubject {
 public:
  RedisSubject(store::RedisOptions options,
               std::function<absl::Status(const std::string& key, const std::string& bytes)> set);
  store::ProfileStore& profiles() override;
  store::RecordStore& records() override;
  store::ChangeFeed& changes() override;
  store::DecisionLog& decisions() override;
  size_t feed_parts() const override;
  std::string Neighbour(int i) const override;
  void SetBytes(const store::CustomerKey& key, const std::string& bytes) override;
  void Reopen() override;
  void Close() override { store_ = nullptr; }

 private:
  void Open();

  const store::RedisOptions options_;
  const std::function<absl::Status(const std::string&, const std::string&)> set_;
  std::unique_ptr<StateWatch> watch_;
  std::unique_ptr<store::RedisStore> store_;
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SERVICE_STORE_CONTRACT_SUBJECTS_H_
