#ifndef WAYMARK_TESTS_SUPPORT_FAKE_STORE_H_
#define WAYMARK_TESTS_SUPPORT_FAKE_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "segmentation/profile.h"
#include "service/store/changes.h"
#include "service/store/store.h"

namespace waymark::testing_support {

// Profiles in memory, kept as the bytes that a real store would keep. Calls back before it returns. It passes the
// stores' contract suite, and does what the real ones do only in bad luck when it is told to. Thread-safe.
class FakeProfileStore final : public store::ProfileStore, public store::ChangeFeed {
 public:
  // `max_changes`: of membership, that are kept for each tenant.
  explicit FakeProfileStore(uint64_t max_changes = store::kMaxChanges) : max_changes_(max_changes) {}

  void Load(const store::CustomerKey& key, absl::Time deadline, LoadDone done) override;
  void Update(const store::CustomerKey& key, absl::Time deadline, Change change, UpdateDone done) override;
  void Scan(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit, absl::Time deadline,
            ScanDone done) override;
  void LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                LoadManyDone done) override;
  int64_t EstimatedCount(absl::string_view tenant) override;
  // Whether it was not told to fail.
  bool Ready() override;

  void Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline, ReadDone done) override;
  void End(absl::string_view tenant, absl::Time deadline, EndDone done) override;

  // Every call is answered with this from now on; OK: works again.
  void FailWith(absl::Status status);

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

  absl::Status Check(absl::Time deadline) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<store::StoredProfile> Read(const Key& key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<uint64_t> Apply(const Key& key, Change& change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Page ReadPage(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  store::StoredProfiles ReadMany(absl::string_view tenant, const std::vector<std::string>& customers) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::StatusOr<uint64_t> Store(const Key& key, const store::StoredProfile& before, const segmentation::Profile& after)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const uint64_t max_changes_;
  mutable absl::Mutex mutex_;
  std::map<std::string, std::map<uint64_t, std::string>, std::less<>> changes_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, std::string> values_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
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

 private:
  absl::Status Check(absl::Time deadline) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<uint64_t> Write(absl::string_view name, absl::string_view value, uint64_t expected_revision)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<std::string, store::Record, std::less<>> records_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_FAKE_STORE_H_
