#ifndef WAYMARK_SERVICE_STORE_MEASURED_STORE_H_
#define WAYMARK_SERVICE_STORE_MEASURED_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "service/base/metrics.h"
#include "service/base/shared_loop.h"
#include "service/store/budget_store.h"
#include "service/store/changes.h"
#include "service/store/decision_log.h"
#include "service/store/store.h"

namespace waymark::store {

// A store's interfaces, which may be of several objects.
struct StoreParts {
  std::shared_ptr<ProfileStore> profiles;
  std::shared_ptr<RecordStore> records;
  std::shared_ptr<ChangeFeed> changes;
  std::shared_ptr<DecisionLog> decisions;
  std::shared_ptr<BudgetStore> budgets;
  // For how long the thread that answers (Redis) or writes (embedded) has had nothing to do.
  std::function<absl::Duration()> idle_time;
  std::shared_ptr<const base::MetricSource> own = nullptr;  // what it counts of itself, if anything
  base::SharedLoop* loop = nullptr;  // of the profiles' store: what waits for its answers may turn it; nullptr: none
};

// Any store, with every request timed by command and code, from the call to the callback: with what it waits in queues,
// and an update with its change. Costs a request two looks at the clock, three additions and an allocation (0.1 us).
// Thread-safe.
class MeasuredStore final : public ProfileStore,
                            public RecordStore,
                            public ChangeFeed,
                            public DecisionLog,
                            public BudgetStore,
                            public base::MetricSource {
 public:
  explicit MeasuredStore(StoreParts parts) : parts_(std::move(parts)) {}

  void Load(const CustomerKey& key, absl::Time deadline, LoadDone done) override;
  void Update(const CustomerKey& key, absl::Time deadline, Change change, UpdateDone done) override;
  void UpdateFrom(const CustomerKey& key, const StoredProfile& seen, absl::Time deadline, Change change,
                  UpdateDone done) override;
  void Scan(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit, absl::Time deadline,
            ScanDone done) override;
  void LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                LoadManyDone done) override;
  absl::optional<RecentProfile> Recall(const CustomerKey& key) override;
  int64_t EstimatedCount(absl::string_view tenant) override;
  bool Ready() override;

  void Get(absl::string_view name, absl::Time deadline, GetDone done) override;
  void Put(absl::string_view name, absl::string_view value, uint64_t expected_revision, absl::Time deadline,
           PutDone done) override;
  void List(absl::string_view record_class, absl::Time deadline, ListDone done) override;

  void Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline, ReadDone done) override;
  void End(absl::string_view tenant, absl::Time deadline, EndDone done) override;

  void Append(absl::string_view tenant, std::vector<Entry> entries, absl::Time deadline, AppendDone done) override;
  void ReadShard(absl::string_view tenant, int shard, absl::string_view cursor, absl::Time since, absl::Time deadline,
                 ReadShardDone done) override;
  void Trim(absl::string_view tenant, absl::Time not_before, size_t max_bytes, absl::Time deadline,
            TrimDone done) override;

  void Lease(const BudgetKey& key, const LeaseRequest& request, absl::Time deadline, LeaseDone done) override;
  void Hold(const HoldRequest& request, absl::Time deadline, Done done) override;
  void ChangeHolds(absl::string_view tenant, absl::string_view decision, HoldChange change, absl::Time deadline,
                   Done done) override;
  void Read(const BudgetKey& key, absl::Time deadline, UseDone done) override;

  const std::function<absl::Duration()>& idle_time() const { return parts_.idle_time; }
  base::SharedLoop* loop() const { return parts_.loop; }

  void Collect(base::MetricWriter& writer) const override;

 private:
  enum Command : size_t {
    kLoad,
    kUpdate,
    kUpdateFrom,
    kScan,
    kLoadMany,
    kGetRecord,
    kPutRecord,
    kListRecords,
    kReadChanges,
    kEndOfChanges,
    kAppendDecisions,
    kReadDecisions,
    kTrimDecisions,
    kLease,
    kHold,
    kChangeHolds,
    kReadBudget,
    kCommands,
  };
  static constexpr size_t kCodes = 17;

  static const char* NameOf(size_t command);

  // Counts the request as begun; `done` with its end counted first.
  template <typename T>
  absl::AnyInvocable<void(T)> Measure(Command command, absl::AnyInvocable<void(T)> done);

  base::Counters<kCommands> begun_;
  base::Histograms<kCommands * kCodes> ended_{base::StoreBounds()};
  base::Counter profiles_read_;
  const StoreParts parts_;  // last: it answers what is outstanding when it goes
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_MEASURED_STORE_H_
