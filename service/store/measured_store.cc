#include "service/store/measured_store.h"

#include <utility>

#include "service/base/clock.h"

namespace waymark::store {
namespace {

constexpr base::MetricName kDuration = {"waymark_store_call_duration_seconds",
                                        "How long requests to the store took, from the call to the callback."};
constexpr base::MetricName kInFlight = {"waymark_store_calls_in_flight",
                                        "Requests to the store that are not answered yet, those in queues included."};
constexpr base::MetricName kReady = {"waymark_store_ready", "1 while the store answers."};
constexpr base::MetricName kProfilesRead = {"waymark_store_profiles_read_total",
                                            "Profiles that were read many at a time, by batch work."};

absl::StatusCode CodeOf(const absl::Status& status) { return status.code(); }
absl::StatusCode CodeOf(const DecisionLog::Appended& appended) { return appended.status.code(); }
template <typename T>
absl::StatusCode CodeOf(const absl::StatusOr<T>& answer) {
  return answer.status().code();
}

}  // namespace

const char* MeasuredStore::NameOf(size_t command) {
  static constexpr const char* kNames[] = {
      "load",           "update",       "update_from",  "scan",           "load_many",        "get_record",
      "put_record",     "list_records", "read_changes", "end_of_changes", "append_decisions", "read_decisions",
      "trim_decisions", "lease",        "hold",         "change_holds",   "read_budget",
  };
  static_assert(std::size(kNames) == kCommands);
  return kNames[command];
}

template <typename T>
absl::AnyInvocable<void(T)> MeasuredStore::Measure(Command command, absl::AnyInvocable<void(T)> done) {
  begun_.Add(command);
  return [this, command, began = base::SteadyNow(), done = std::move(done)](T answer) mutable {
    ended_.Add(command * kCodes + static_cast<size_t>(CodeOf(answer)), base::SteadyNow() - began);
    done(std::move(answer));
  };
}

void MeasuredStore::Load(const CustomerKey& key, absl::Time deadline, LoadDone done) {
  parts_.profiles->Load(key, deadline, Measure(kLoad, std::move(done)));
}

void MeasuredStore::Update(const CustomerKey& key, absl::Time deadline, Change change, UpdateDone done) {
  parts_.profiles->Update(key, deadline, std::move(change), Measure(kUpdate, std::move(done)));
}

void MeasuredStore::UpdateFrom(const CustomerKey& key, const StoredProfile& seen, absl::Time deadline, Change change,
                               UpdateDone done) {
  parts_.profiles->UpdateFrom(key, seen, deadline, std::move(change), Measure(kUpdateFrom, std::move(done)));
}

void MeasuredStore::Scan(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit,
                         absl::Time deadline, ScanDone done) {
  parts_.profiles->Scan(tenant, cursor, until, limit, deadline, Measure(kScan, std::move(done)));
}

void MeasuredStore::LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                             LoadManyDone done) {
  parts_.profiles->LoadMany(
      tenant, std::move(customers), deadline,
      Measure(kLoadMany, LoadManyDone([this, done = std::move(done)](absl::StatusOr<StoredProfiles> read) mutable {
                if (read.ok()) profiles_read_.Add(read->size());
                done(std::move(read));
              })));
}

absl::optional<RecentProfile> MeasuredStore::Recall(const CustomerKey& key) { return parts_.profiles->Recall(key); }

int64_t MeasuredStore::EstimatedCount(absl::string_view tenant) { return parts_.profiles->EstimatedCount(tenant); }

bool MeasuredStore::Ready() { return parts_.profiles->Ready(); }

void MeasuredStore::Get(absl::string_view name, absl::Time deadline, GetDone done) {
  parts_.records->Get(name, deadline, Measure(kGetRecord, std::move(done)));
}

void MeasuredStore::Put(absl::string_view name, absl::string_view value, uint64_t expected_revision,
                        absl::Time deadline, PutDone done) {
  parts_.records->Put(name, value, expected_revision, deadline, Measure(kPutRecord, std::move(done)));
}

void MeasuredStore::List(absl::string_view record_class, absl::Time deadline, ListDone done) {
  parts_.records->List(record_class, deadline, Measure(kListRecords, std::move(done)));
}

void MeasuredStore::Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline,
                         ReadDone done) {
  parts_.changes->Read(tenant, cursor, limit, deadline, Measure(kReadChanges, std::move(done)));
}

void MeasuredStore::End(absl::string_view tenant, absl::Time deadline, EndDone done) {
  parts_.changes->End(tenant, deadline, Measure(kEndOfChanges, std::move(done)));
}

void MeasuredStore::Append(absl::string_view tenant, std::vector<Entry> entries, absl::Time deadline, AppendDone done) {
  parts_.decisions->Append(tenant, std::move(entries), deadline, Measure(kAppendDecisions, std::move(done)));
}

void MeasuredStore::ReadShard(absl::string_view tenant, int shard, absl::string_view cursor, absl::Time since,
                              absl::Time deadline, ReadShardDone done) {
  parts_.decisions->ReadShard(tenant, shard, cursor, since, deadline, Measure(kReadDecisions, std::move(done)));
}

void MeasuredStore::Trim(absl::string_view tenant, absl::Time not_before, size_t max_bytes, absl::Time deadline,
                         TrimDone done) {
  parts_.decisions->Trim(tenant, not_before, max_bytes, deadline, Measure(kTrimDecisions, std::move(done)));
}

void MeasuredStore::Lease(const BudgetKey& key, const LeaseRequest& request, absl::Time deadline, LeaseDone done) {
  parts_.budgets->Lease(key, request, deadline, Measure(kLease, std::move(done)));
}

void MeasuredStore::Hold(const HoldRequest& request, absl::Time deadline, Done done) {
  parts_.budgets->Hold(request, deadline, Measure(kHold, std::move(done)));
}

void MeasuredStore::ChangeHolds(absl::string_view tenant, absl::string_view decision, HoldChange change,
                                absl::Time deadline, Done done) {
  parts_.budgets->ChangeHolds(tenant, decision, change, deadline, Measure(kChangeHolds, std::move(done)));
}

void MeasuredStore::Read(const BudgetKey& key, absl::Time deadline, UseDone done) {
  parts_.budgets->Read(key, deadline, Measure(kReadBudget, std::move(done)));
}

void MeasuredStore::Collect(base::MetricWriter& writer) const {
  for (size_t command = 0; command < kCommands; ++command) {
    const base::MetricLabel name = {"command", NameOf(command)};
    uint64_t ended = 0;
    for (size_t i = 0; i < kCodes; ++i) {
      const base::Histogram* histogram = ended_.Find(command * kCodes + i);
      if (histogram == nullptr) continue;
      const base::HistogramValue value = histogram->value();
      ended += value.total();
      const std::string code = absl::StatusCodeToString(static_cast<absl::StatusCode>(i));
      writer.WriteHistogram(kDuration, {name, {"code", code}}, value);
    }
    // Read last, so that it is not below those that ended.
    const uint64_t begun = begun_.value(command);
    if (begun > 0) writer.WriteGauge(kInFlight, {name}, static_cast<double>(begun - ended));
  }
  writer.WriteGauge(kReady, {}, parts_.profiles->Ready() ? 1 : 0);
  if (parts_.own != nullptr) parts_.own->Collect(writer);
  writer.WriteCounter(kProfilesRead, {}, static_cast<double>(profiles_read_.value()));
}

}  // namespace waymark::store
