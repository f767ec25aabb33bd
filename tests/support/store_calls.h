#ifndef WAYMARK_TESTS_SUPPORT_STORE_CALLS_H_
#define WAYMARK_TESTS_SUPPORT_STORE_CALLS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/store/changes.h"
#include "service/store/decision_log.h"
#include "service/store/store.h"

// A store's methods as calls that wait for the answer. One that never comes is INTERNAL, after 60 s.
namespace waymark::testing_support {

// Late enough for a slow machine.
absl::Time Soon();

absl::StatusOr<store::StoredProfile> LoadNow(store::ProfileStore& store, const store::CustomerKey& key,
                                             absl::Time deadline = Soon());
absl::StatusOr<uint64_t> UpdateNow(store::ProfileStore& store, const store::CustomerKey& key,
                                   store::ProfileStore::Change change, absl::Time deadline = Soon());
absl::StatusOr<uint64_t> UpdateFromNow(store::ProfileStore& store, const store::CustomerKey& key,
                                       const store::StoredProfile& seen, store::ProfileStore::Change change,
                                       absl::Time deadline = Soon());
absl::StatusOr<store::ProfileStore::Page> ScanNow(store::ProfileStore& store, absl::string_view tenant,
                                                  absl::string_view cursor, absl::string_view until, int limit,
                                                  absl::Time deadline = Soon());
absl::StatusOr<store::StoredProfiles> LoadManyNow(store::ProfileStore& store, absl::string_view tenant,
                                                  std::vector<std::string> customers, absl::Time deadline = Soon());
absl::StatusOr<store::ChangeFeed::Changes> ReadNow(store::ChangeFeed& feed, absl::string_view tenant,
                                                   absl::string_view cursor, int limit, absl::Time deadline = Soon());
absl::StatusOr<std::string> EndNow(store::ChangeFeed& feed, absl::string_view tenant, absl::Time deadline = Soon());
store::DecisionLog::Appended AppendNow(store::DecisionLog& log, absl::string_view tenant,
                                       std::vector<store::DecisionLog::Entry> entries, absl::Time deadline = Soon());
absl::StatusOr<store::DecisionLog::LogPage> ReadShardNow(store::DecisionLog& log, absl::string_view tenant, int shard,
                                                         absl::string_view cursor, absl::Time since,
                                                         absl::Time deadline = Soon());
absl::Status TrimNow(store::DecisionLog& log, absl::string_view tenant, absl::Time not_before, size_t max_bytes,
                     absl::Time deadline = Soon());
absl::StatusOr<store::Record> GetNow(store::RecordStore& store, absl::string_view name, absl::Time deadline = Soon());
absl::StatusOr<uint64_t> PutNow(store::RecordStore& store, absl::string_view name, absl::string_view value,
                                uint64_t expected_revision, absl::Time deadline = Soon());
absl::StatusOr<std::vector<store::Record>> ListNow(store::RecordStore& store, absl::string_view record_class,
                                                   absl::Time deadline = Soon());

// Writes the profile, whatever is there.
store::ProfileStore::Change Write(segmentation::Profile profile);

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_STORE_CALLS_H_
