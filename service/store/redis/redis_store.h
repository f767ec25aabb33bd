#ifndef WAYMARK_SERVICE_STORE_REDIS_REDIS_STORE_H_
#define WAYMARK_SERVICE_STORE_REDIS_REDIS_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "service/store/changes.h"
#include "service/store/decision_log.h"
#include "service/store/redis/connection.h"
#include "service/store/redis/recent_profiles.h"
#include "service/store/redis/redis_options.h"
#include "service/store/redis/scripts.h"
#include "service/store/redis/shared_reads.h"
#include "service/store/redis/shared_updates.h"
#include "service/store/store.h"

namespace waymark::store {

// Profiles, records, changes and decisions in a Redis, one server or a cluster, which several processes may share.
//
// Load is one GET. Update is a GET and, where something changes, a compare-and-set (a Lua script), for all who want to
// change the customer before the GET is answered; after a conflict the
// script's answer holds what is there now, so each further attempt costs one round trip. Attempts go on until the
// deadline; of those that compete for one customer, one succeeds in each round. A page of Scan is a SCAN over the keys
// of all tenants.
//
// Thread-safe. Callbacks, and the changes, run on the store's I/O thread, on its guest (loop), or on the caller's where
// a request is refused at once. Do not destroy the store from one of them. When it is destroyed, what is outstanding is
// answered with UNAVAILABLE.
class RedisStore final : public ProfileStore, public RecordStore, public ChangeFeed, public DecisionLog {
 public:
  // Connects in the background: while Redis cannot be reached, requests are answered with UNAVAILABLE at once.
  explicit RedisStore(const RedisOptions& options);

  void Load(const CustomerKey& key, absl::Time deadline, LoadDone done) override;
  void Update(const CustomerKey& key, absl::Time deadline, Change change, UpdateDone done) override;
  void UpdateFrom(const CustomerKey& key, const StoredProfile& seen, absl::Time deadline, Change change,
                  UpdateDone done) override;
  // `limit` is how many keys Redis looks at, of whichever tenant. The cursor is Redis's, and of that process only (each
  // one orders its keys in its own way): after a restart or a failover it is OUT_OF_RANGE; of a cluster, whose masters
  // are walked one after the other, also after slots were moved, and UNAVAILABLE where a master is giving slots away.
  // `until` is exact as long as Redis's table of keys does not shrink (which it does when nine of ten keys went);
  // afterwards a page may also show some whom the rest of the walk shows, but misses nobody.
  void Scan(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit, absl::Time deadline,
            ScanDone done) override;
  // An MGET for each 1,000 customers; of a cluster, for each bucket.
  void LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                LoadManyDone done) override;
  absl::optional<RecentProfile> Recall(const CustomerKey& key) override;
  // The keys of all tenants, as of the last heartbeat.
  int64_t EstimatedCount(absl::string_view tenant) override;
  bool Ready() override;

  void Get(absl::string_view name, absl::Time deadline, GetDone done) override;
  void Put(absl::string_view name, absl::string_view value, uint64_t expected_revision, absl::Time deadline,
           PutDone done) override;
  void List(absl::string_view record_class, absl::Time deadline, ListDone done) override;

  void Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline, ReadDone done) override;
  void End(absl::string_view tenant, absl::Time deadline, EndDone done) override;

  // An XADD for each shard that gets some; what one writes is one entry of the stream.
  void Append(absl::string_view tenant, std::vector<Entry> entries, absl::Time deadline, AppendDone done) override;
  void ReadShard(absl::string_view tenant, int shard, absl::string_view cursor, absl::Time since, absl::Time deadline,
                 ReadShardDone done) override;
  // A script for each shard, of which 16 are on their way at a time.
  void Trim(absl::string_view tenant, absl::Time not_before, size_t max_bytes, absl::Time deadline,
            TrimDone done) override;

  // The I/O thread's. A guest gets the answers to what it asks for, and runs their changes.
  base::SharedLoop& loop() { return connection_.loop(); }
  // For how long the thread that talks to Redis, and calls back, has had nothing to do. Any thread.
  absl::Duration idle_time() const { return connection_.idle_time(); }

 private:
  struct UpdateInProgress;
  struct ScanInProgress;
  struct LoadManyInProgress;
  struct AppendInProgress;
  struct TrimInProgress;

  void TryUpdate(std::unique_ptr<UpdateInProgress> update, const StoredProfile& current);
  void TryUpdate(std::unique_ptr<UpdateInProgress> update, const redisReply& current);
  void UpdateOneByOne(UpdateInProgress& update, const StoredProfile& current);
  void TrimOn(const std::shared_ptr<TrimInProgress>& trim);
  void ScanOn(std::unique_ptr<ScanInProgress> scan);
  void EndPage(std::unique_ptr<ScanInProgress> scan);
  void LoadOneByOne(const std::vector<std::string>& keys, absl::Time deadline, LoadManyDone done);

  // Calls back with the revision, where it is to be waited for a replica afterwards. Within the answer to the write.
  void Acknowledge(uint64_t revision, absl::Time deadline, PutDone done);
  Route::To written_to() const { return wait_ ? Route::To::kWaited : Route::To::kMaster; }

  const bool wait_;
  const absl::Duration replica_timeout_;
  const std::string max_changes_;  // of a bucket
  SharedReads shared_reads_;
  RecentProfiles recent_;
  SharedUpdates shared_updates_;
  Connection connection_;  // last: it answers while it goes
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_REDIS_STORE_H_
