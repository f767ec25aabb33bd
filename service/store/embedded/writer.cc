#include "service/store/embedded/writer.h"

#include <utility>

#include "service/base/clock.h"
#include "service/store/embedded/keys.h"

namespace waymark::store {
namespace {

// What one sync writes at most.
constexpr size_t kMaxBatchRequests = 256;
constexpr size_t kMaxBatchBytes = 1 << 20;

}  // namespace

// The changes that one sync will write, and who waits for it.
struct Writer::Batch {
  rocksdb::WriteBatchWithIndex writes{rocksdb::BytewiseComparator(), 0, /*overwrite_key=*/true};
  Requests waiting;
  absl::flat_hash_map<std::string, int64_t> created;       // how many new profiles, by tenant
  absl::flat_hash_map<std::string, std::string> profiles;  // that it writes, by key
};

Writer::Writer(Database& database, ProfileCache& profiles, absl::flat_hash_map<std::string, int64_t> counts,
               const EmbeddedOptions& options)
    : database_(database),
      profiles_(profiles),
      resume_interval_(options.resume_interval),
      queue_(options.max_queued),
      feeds_(database, options.max_changes),
      counts_(std::move(counts)),
      thread_([this] { Run(); }) {}

Writer::~Writer() {
  queue_.Close();
  thread_.join();
}

void Writer::Submit(std::unique_ptr<WriteRequest> request) {
  if (absl::Status status = queue_.Push(request); !status.ok()) request->Finish(std::move(status));
}

int64_t Writer::CountOf(absl::string_view tenant) const {
  absl::MutexLock lock(&mutex_);
  const auto found = counts_.find(tenant);
  return found == counts_.end() ? 0 : found->second;
}

void Writer::Run() {
  while (true) {
    Requests requests = queue_.Take(kMaxBatchRequests, healthy() ? absl::InfiniteDuration() : resume_interval_);
    if (queue_.closed()) {
      for (auto& request : requests) request->Finish(absl::UnavailableError("the store is closing"));
      if (requests.empty()) return;
      continue;
    }
    if (!healthy()) TryResume();
    Process(std::move(requests));
  }
}

void Writer::Process(Requests requests) {
  Batch batch;
  for (auto& request : requests) {
    if (base::SteadyNow() > request->deadline) {
      request->Finish(absl::DeadlineExceededError("the store came to the update after its deadline"));
    } else if (!healthy()) {
      request->Finish(failure_);
    } else {
      Apply(std::move(request), batch);
      if (batch.writes.GetWriteBatch()->GetDataSize() >= kMaxBatchBytes) Commit(batch);
    }
  }
  Commit(batch);
}

absl::Status Writer::Current(const WriteRequest& request, Batch& batch, rocksdb::PinnableSlice& value) {
  if (request.family != Family::kProfiles) {
    return database_.GetThrough(batch.writes, request.family, request.key, value);
  }
  if (const auto written = batch.profiles.find(request.key); written != batch.profiles.end()) {
    value.PinSelf(SliceOf(written->second));
    return absl::OkStatus();
  }
  return profiles_.Get(request.key, [&](absl::string_view found) { value.PinSelf(SliceOf(found)); });
}

void Writer::Apply(std::unique_ptr<WriteRequest> request, Batch& batch) {
  rocksdb::PinnableSlice stored;
  const absl::Status read = Current(*request, batch, stored);
  const bool absent = absl::IsNotFound(read);
  if (!read.ok() && !absent) return request->Finish(read);
  if (absl::Status status = request->Look(database_, batch.writes); !status.ok()) return request->Finish(status);
  absl::StatusOr<absl::optional<std::string>> value =
      request->Change(absent ? absl::nullopt : absl::make_optional(ViewOf(stored)));
  if (!value.ok()) return request->Finish(value.status());
  if (value->has_value()) {
    if (const absl::optional<std::string> announcement = request->Announcement(); announcement.has_value()) {
      const absl::Status status = feeds_.Append(batch.writes, TenantOf(request->key), *announcement);
      if (!status.ok()) return request->Finish(status);
    }
    database_.Put(batch.writes, request->family, request->key, **value);
    if (absent && request->family == Family::kProfiles) ++batch.created[TenantOf(request->key)];
    if (request->family == Family::kProfiles) batch.profiles[request->key] = **std::move(value);
  }
  request->ChangeMore(database_, batch.writes);
  // One that writes nothing waits too: what it saw may be of this batch.
  batch.waiting.push_back(std::move(request));
}

void Writer::Commit(Batch& batch) {
  absl::Status status;
  if (batch.writes.GetWriteBatch()->Count() > 0) {
    PutCounts(batch);
    if (!batch.profiles.empty()) ++profile_writes_;
    status = database_.Write(batch.writes);
    if (!batch.profiles.empty()) ++profile_writes_;
    healthy_.store(status.ok(), std::memory_order_relaxed);
    failure_ = status;
    next_resume_ = base::SteadyNow() + resume_interval_;
  }
  for (const auto& [key, value] : batch.profiles) {
    if (status.ok()) {
      profiles_.Written(key, value);
    } else {
      profiles_.Forget(key);
    }
  }
  if (status.ok()) {
    feeds_.Commit();
    absl::MutexLock lock(&mutex_);
    for (const auto& [tenant, created] : batch.created) counts_[tenant] += created;
  }
  if (!status.ok()) feeds_.Drop();
  for (auto& request : batch.waiting) request->Finish(status);
  batch.writes.Clear();
  batch.waiting.clear();
  batch.created.clear();
  batch.profiles.clear();
}

void Writer::PutCounts(Batch& batch) {
  for (const auto& [tenant, created] : batch.created) {
    database_.Put(batch.writes, Family::kCounts, tenant, CountValue(CountOf(tenant) + created));
  }
}

void Writer::TryResume() {
  if (base::SteadyNow() < next_resume_) return;
  next_resume_ = base::SteadyNow() + resume_interval_;
  if (database_.Resume().ok()) healthy_.store(true, std::memory_order_relaxed);
}

}  // namespace waymark::store
