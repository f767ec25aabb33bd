#ifndef WAYMARK_TESTS_SUPPORT_FAKE_STORE_H_
#define WAYMARK_TESTS_SUPPORT_FAKE_STORE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "segmentation/profile.h"
#include "service/store/changes.h"
#include "service/store/store.h"

namespace waymark::testing_support {

// Ends the world at a chosen operation of the fakes that share it: from the `first`-th on (from 0) everything is
// answered with UNAVAILABLE. With `answer_lost` the first one is still done, if it is a write, and only its answer
// lost. Thread-safe.
class Outage {
 public:
  explicit Outage(int first, bool answer_lost = false) : left_(first), answer_lost_(answer_lost) {}

  // Called once an operation. Whether it is done, and whether its caller hears of it.
  struct Fate {
    bool done = true;
    bool heard = true;
  };
  Fate Next() {
    const int left = left_.fetch_sub(1);
    return {.done = left > 0 || (left == 0 && answer_lost_), .heard = left > 0};
  }
  // How many operations there were.
  bool over() const { return left_.load() < 0; }

 private:
  std::atomic<int> left_;
  const bool answer_lost_;
};

// Profiles in memory, kept as the bytes that a real store would keep. Calls back before it returns. It passes the
// stores' contract suite, and does what the real ones do only in bad luck when it is told to. Thread-safe.
class FakeProfileStore final : public store::ProfileStore, public store::ChangeFeed {
 public:
  // `max_changes`: of membership, that are kept for each tenant.
  explicit FakeProfileStore(uint64_t max_changes = store::kMaxChanges) : max_changes_(max_changes) {}

  void Load(const store::CustomerKey& key, absl::Time deadline, LoadDone done) override;
  void Update(const store::CustomerKey& key, absl::Time deadline, Change change, UpdateDone done) override;
  void UpdateFrom(const store::CustomerKey& key, const store::StoredProfile& seen, absl::Time deadline, Change change,
                  UpdateDone done) override;
  void Scan(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit, absl::Time deadline,
            ScanDone done) override;
  void LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                LoadManyDone done) override;
  int64_t EstimatedCount(absl::string_view tenant) override;
  // What it was given with Remember.
  absl::optional<store::RecentProfile> Recall(const store::CustomerKey& key) override;
  // Whether it was not told to fail.
  bool Ready() override;

  void Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline, ReadDone done) override;
  void End(absl::string_view tenant, absl::Time deadline, EndDone done) override;

  void Remember(const store::CustomerKey& key, store::RecentProfile recent);

  // Every call is answered with this from now on; OK: works again.
  void FailWith(absl::Status status);
  // nullptr: none.
  void SetOutage(std::shared_ptr<Outage> outage);

  // The next update meets a conflict: after its change was called, another writer's is applied, and its change is
  // called again.
  void InterfereOnce(std::function<void(segmentation::Profile&)> other);

  // Replaces what is stored by these bytes, as they are.
  void SetBytes(const store::CustomerKey& key, std::string bytes);

  // How often it was asked.
  int loads() const;
  int updates() const;

 private:
  using Key = std::pair<std::string, std::string>;  // tenant, customer

  // Whether a call is done at all.
  absl::Status Check(absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What the caller hears of it.
  template <typename T>
  absl::StatusOr<T> Heard(absl::StatusOr<T> answer) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (heard_) return answer;
    return absl::UnavailableError("the answer was lost");
  }
  absl::StatusOr<store::StoredProfile> Read(const Key& key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<uint64_t> Apply(const Key& key, const store::StoredProfile* seen, Change& change)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Page ReadPage(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  store::StoredProfiles ReadMany(absl::string_view tenant, const std::vector<std::string>& customers) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::StatusOr<uint64_t> Store(const Key& key, const store::StoredProfile& before, const segmentation::Profile& after)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const uint64_t max_changes_;
  mutable absl::Mutex mutex_;
  std::map<Key, store::RecentProfile> recent_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::map<uint64_t, std::string>, std::less<>> changes_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, std::string> values_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Outage> outage_ ABSL_GUARDED_BY(mutex_);
  bool heard_ ABSL_GUARDED_BY(mutex_) = true;
  std::function<void(segmentation::Profile&)> interference_ ABSL_GUARDED_BY(mutex_);
  int loads_ ABSL_GUARDED_BY(mutex_) = 0;
  int updates_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Records in memory. Calls back before it returns. Thread-safe.
class FakeRecordStore final : public store::RecordStore {
 public:
  void Get(absl::string_view name, absl::Time deadline, GetDone done) override;
  void Put(absl::string_view name, absl::string_view value, uint64_t expected_revision, absl::Time deadline,
           PutDone done) override;
  void List(absl::string_view record_class, absl::Time deadline, ListDone done) override;

  // Every call is answered with this from now on; OK: works again.
  void FailWith(absl::Status status);
  // nullptr: none.
  void SetOutage(std::shared_ptr<Outage> outage);

 private:
  // Whether a call is done at all.
  absl::Status Check(absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What the caller hears of it.
  template <typename T>
  absl::StatusOr<T> Heard(absl::StatusOr<T> answer) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (heard_) return answer;
    return absl::UnavailableError("the answer was lost");
  }
  absl::StatusOr<uint64_t> Write(absl::string_view name, absl::string_view value, uint64_t expected_revision)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<std::string, store::Record, std::less<>> records_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Outage> outage_ ABSL_GUARDED_BY(mutex_);
  bool heard_ ABSL_GUARDED_BY(mutex_) = true;
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_FAKE_STORE_H_
