#include "tests/support/store_calls.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "tests/support/outcome.h"

namespace waymark::testing_support {
namespace {

template <typename T>
absl::StatusOr<T> WaitFor(const Outcome<absl::StatusOr<T>>& outcome) {
  absl::optional<absl::StatusOr<T>> answer = outcome.Wait();
  if (!answer.has_value()) return absl::InternalError("the store did not call back within 60 s");
  return *std::move(answer);
}

}  // namespace

absl::Time Soon() { return absl::Now() + absl::Seconds(30); }

absl::StatusOr<store::StoredProfile> LoadNow(store::ProfileStore& store, const store::CustomerKey& key,
                                             absl::Time deadline) {
  Outcome<absl::StatusOr<store::StoredProfile>> outcome;
  store.Load(key, deadline, outcome.Callback());
  return WaitFor(outcome);
}

absl::StatusOr<uint64_t> UpdateNow(store::ProfileStore& store, const store::CustomerKey& key,
                                   store::ProfileStore::Change change, absl::Time deadline) {
  Outcome<absl::StatusOr<uint64_t>> outcome;
  store.Update(key, deadline, std::move(change), outcome.Callback());
  return WaitFor(outcome);
}

absl::StatusOr<uint64_t> UpdateFromNow(store::ProfileStore& store, const store::CustomerKey& key,
                                       const store::StoredProfile& seen, store::ProfileStore::Change change,
                                       absl::Time deadline) {
  Outcome<absl::StatusOr<uint64_t>> outcome;
  store.UpdateFrom(key, seen, deadline, std::move(change), outcome.Callback());
  return WaitFor(outcome);
}

absl::StatusOr<store::ProfileStore::Page> ScanNow(store::ProfileStore& store, absl::string_view tenant,
                                                  absl::string_view cursor, absl::string_view until, int limit,
                                                  absl::Time deadline) {
  Outcome<absl::StatusOr<store::ProfileStore::Page>> outcome;
  store.Scan(tenant, cursor, until, limit, deadline, outcome.Callback());
  return WaitFor(outcome);
}

absl::StatusOr<store::StoredProfiles> LoadManyNow(store::ProfileStore& store, absl::string_view tenant,
                                                  std::vector<std::string> customers, absl::Time deadline) {
  Outcome<absl::StatusOr<store::StoredProfiles>> outcome;
  store.LoadMany(tenant, std::move(customers), deadline, outcome.Callback());
  return WaitFor(outcome);
}

absl::StatusOr<store::ChangeFeed::Changes> ReadNow(store::ChangeFeed& feed, absl::string_view tenant,
                                                   absl::string_view cursor, int limit, absl::Time deadline) {
  Outcome<absl::StatusOr<store::ChangeFeed::Changes>> outcome;
  feed.Read(tenant, cursor, limit, deadline, outcome.Callback());
  return WaitFor(outcome);
}

absl::StatusOr<std::string> EndNow(store::ChangeFeed& feed, absl::string_view tenant, absl::Time deadline) {
  Outcome<absl::StatusOr<std::string>> outcome;
  feed.End(tenant, deadline, outcome.Callback());
  return WaitFor(outcome);
}

store::DecisionLog::Appended AppendNow(store::DecisionLog& log, absl::string_view tenant,
                                       std::vector<store::DecisionLog::Entry> entries, absl::Time deadline) {
  Outcome<store::DecisionLog::Appended> outcome;
  log.Append(tenant, std::move(entries), deadline, outcome.Callback());
  absl::optional<store::DecisionLog::Appended> appended = outcome.Wait();
  if (!appended.has_value()) return {absl::InternalError("the store did not call back within 60 s"), {}};
  return *std::move(appended);
}

absl::StatusOr<store::DecisionLog::LogPage> ReadShardNow(store::DecisionLog& log, absl::string_view tenant, int shard,
                                                         absl::string_view cursor, absl::Time since,
                                                         absl::Time deadline) {
  Outcome<absl::StatusOr<store::DecisionLog::LogPage>> outcome;
  log.ReadShard(tenant, shard, cursor, since, deadline, outcome.Callback());
  return WaitFor(outcome);
}

absl::Status TrimNow(store::DecisionLog& log, absl::string_view tenant, absl::Time not_before, size_t max_bytes,
                     absl::Time deadline) {
  Outcome<absl::Status> outcome;
  log.Trim(tenant, not_before, max_bytes, deadline, outcome.Callback());
  return outcome.Wait().value_or(absl::InternalError("the store did not call back within 60 s"));
}

absl::StatusOr<store::Record> GetNow(store::RecordStore& store, absl::string_view name, absl::Time deadline) {
  Outcome<absl::StatusOr<store::Record>> outcome;
  store.Get(name, deadline, outcome.Callback());
  return WaitFor(outcome);
}

absl::StatusOr<uint64_t> PutNow(store::RecordStore& store, absl::string_view name, absl::string_view value,
                                uint64_t expected_revision, absl::Time deadline) {
  Outcome<absl::StatusOr<uint64_t>> outcome;
  store.Put(name, value, expected_revision, deadline, outcome.Callback());
  return WaitFor(outcome);
}

absl::StatusOr<std::vector<store::Record>> ListNow(store::RecordStore& store, absl::string_view record_class,
                                                   absl::Time deadline) {
  Outcome<absl::StatusOr<std::vector<store::Record>>> outcome;
  store.List(record_class, deadline, outcome.Callback());
  return WaitFor(outcome);
}

store::ProfileStore::Change Write(segmentation::Profile profile) {
  return [profile = std::move(profile)](
             const store::StoredProfile&) -> absl::StatusOr<absl::optional<segmentation::Profile>> {
    return absl::make_optional(profile);
  };
}

}  // namespace waymark::testing_support
