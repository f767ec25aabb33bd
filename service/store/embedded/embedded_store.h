#ifndef WAYMARK_SERVICE_STORE_EMBEDDED_EMBEDDED_STORE_H_
#define WAYMARK_SERVICE_STORE_EMBEDDED_EMBEDDED_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/store/budget_store.h"
#include "service/store/changes.h"
#include "service/store/decision_log.h"
#include "service/store/embedded/embedded_options.h"
#include "service/store/store.h"

namespace waymark::store {

// Profiles, records, changes and decisions in a directory of this machine (RocksDB), for one process. The default on
// one machine, with no server to install.
//
// Load and Get read on the caller's thread, which may wait for the disk where the block cache does not have the value
// (about 5 us where it has it), and call back before they return. So does an update that changes nothing; one that
// changes something, and a put, go through one writer thread that syncs many at once and calls back when they are on
// disk. Scan, LoadMany, List, Read and End read on a thread of their own; the log of decisions has another one.
//
// Thread-safe. Do not destroy it from one of its callbacks. When it is destroyed, what waits is answered with
// UNAVAILABLE.
class EmbeddedStore final : public ProfileStore, public RecordStore, public ChangeFeed, public DecisionLog {
 public:
  // Opens the directory, or creates it. FAILED_PRECONDITION where a process has it open already, DATA_LOSS where its
  // files are damaged.
  static absl::StatusOr<std::unique_ptr<EmbeddedStore>> Open(const std::string& path,
                                                             const EmbeddedOptions& options = {});
  ~EmbeddedStore() override;

  void Load(const CustomerKey& key, absl::Time deadline, LoadDone done) override;
  void Update(const CustomerKey& key, absl::Time deadline, Change change, UpdateDone done) override;
  void UpdateFrom(const CustomerKey& key, const StoredProfile& seen, absl::Time deadline, Change change,
                  UpdateDone done) override;
  // In the order of the names. The cursor is the last customer of the page before.
  void Scan(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit, absl::Time deadline,
            ScanDone done) override;
  void LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                LoadManyDone done) override;
  // Nothing: what it has is not away.
  absl::optional<RecentProfile> Recall(const CustomerKey&) override { return absl::nullopt; }
  // Exact: counted with each profile that is created.
  int64_t EstimatedCount(absl::string_view tenant) override;
  // Whether the last write came through.
  bool Ready() override;

  void Get(absl::string_view name, absl::Time deadline, GetDone done) override;
  void Put(absl::string_view name, absl::string_view value, uint64_t expected_revision, absl::Time deadline,
           PutDone done) override;
  void List(absl::string_view record_class, absl::Time deadline, ListDone done) override;

  // Lives as long as the store.
  BudgetStore& budgets();

  void Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline, ReadDone done) override;
  void End(absl::string_view tenant, absl::Time deadline, EndDone done) override;

  void Append(absl::string_view tenant, std::vector<Entry> entries, absl::Time deadline, AppendDone done) override;
  void ReadShard(absl::string_view tenant, int shard, absl::string_view cursor, absl::Time since, absl::Time deadline,
                 ReadShardDone done) override;
  void Trim(absl::string_view tenant, absl::Time not_before, size_t max_bytes, absl::Time deadline,
            TrimDone done) override;

  // For how long the thread that writes has had nothing to do. Any thread.
  absl::Duration idle_time() const;

 private:
  class Parts;
  explicit EmbeddedStore(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_EMBEDDED_EMBEDDED_STORE_H_
