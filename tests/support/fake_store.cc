#include "tests/support/fake_store.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/store/names.h"
#include "service/store/sealed.h"

namespace waymark::testing_support {
namespace {

// `heard`: whether the caller is to hear of the call that is checked.
absl::Status CheckCall(const absl::Status& failure, absl::Time deadline, Outage* outage, bool& heard) {
  const Outage::Fate fate = outage == nullptr ? Outage::Fate{} : outage->Next();
  heard = fate.heard;
  if (!fate.done) return absl::UnavailableError("away");
  if (absl::Now() > deadline) return absl::DeadlineExceededError("the deadline has passed");
  return failure;
}

}  // namespace

absl::Status FakeProfileStore::Check(absl::Time deadline) {
  return CheckCall(failure_, deadline, outage_.get(), heard_);
}

void FakeProfileStore::SetOutage(std::shared_ptr<Outage> outage) {
  absl::MutexLock lock(&mutex_);
  outage_ = std::move(outage);
}

absl::StatusOr<store::StoredProfile> FakeProfileStore::Read(const Key& key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return store::StoredProfile{};
  return store::UnsealProfile(found->second);
}

void FakeProfileStore::Load(const store::CustomerKey& key, absl::Time deadline, LoadDone done) {
  const auto answer = [&]() -> absl::StatusOr<store::StoredProfile> {
    if (absl::Status status = store::CheckKey(key); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    ++loads_;
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    return Heard(Read({key.tenant, key.customer}));
  };
  done(answer());
}

absl::StatusOr<uint64_t> FakeProfileStore::Store(const Key& key, const store::StoredProfile& before,
                                                 const segmentation::Profile& after) {
  const auto& [tenant, customer] = key;
  absl::StatusOr<std::string> value = store::SealProfile(before.revision + 1, after);
  if (!value.ok()) return value.status();
  values_[key] = *std::move(value);
  absl::optional<std::string> announcement = store::AnnouncementOf(customer, before.profile, after, absl::Now());
  if (announcement.has_value()) {
    std::map<uint64_t, std::string>& feed = changes_[tenant];
    const uint64_t number = feed.empty() ? store::FirstChangeNumber(absl::Now()) : feed.rbegin()->first + 1;
    feed[number] = *std::move(announcement);
    if (feed.size() > max_changes_) feed.erase(feed.begin());
  }
  return before.revision + 1;
}

absl::StatusOr<uint64_t> FakeProfileStore::Apply(const Key& key, const store::StoredProfile* seen, Change& change) {
  absl::StatusOr<store::StoredProfile> stored = Read(key);
  if (!stored.ok()) return stored.status();
  if (seen != nullptr && seen->revision != stored->revision) (void)change(*seen);  // and what it says is not written
  absl::StatusOr<absl::optional<segmentation::Profile>> changed = change(*stored);
  if (interference_) {
    segmentation::Profile others = stored->profile;
    std::exchange(interference_, nullptr)(others);
    const absl::StatusOr<uint64_t> revision = Store(key, *stored, others);
    if (!revision.ok()) return revision.status();
    stored = store::StoredProfile{*revision, std::move(others)};
    changed = change(*stored);
  }
  if (!changed.ok()) return changed.status();
  if (!changed->has_value()) return stored->revision;
  return Store(key, *stored, **changed);
}

void FakeProfileStore::Update(const store::CustomerKey& key, absl::Time deadline, Change change, UpdateDone done) {
  const auto answer = [&]() -> absl::StatusOr<uint64_t> {
    if (absl::Status status = store::CheckKey(key); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    ++updates_;
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    return Heard(Apply({key.tenant, key.customer}, nullptr, change));
  };
  done(answer());
}

void FakeProfileStore::UpdateFrom(const store::CustomerKey& key, const store::StoredProfile& seen, absl::Time deadline,
                                  Change change, UpdateDone done) {
  const auto answer = [&]() -> absl::StatusOr<uint64_t> {
    if (absl::Status status = store::CheckKey(key); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    ++updates_;
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    return Heard(Apply({key.tenant, key.customer}, &seen, change));
  };
  done(answer());
}

store::ProfileStore::Page FakeProfileStore::ReadPage(absl::string_view tenant, absl::string_view cursor,
                                                     absl::string_view until, int limit) const {
  Page page;
  for (auto at = values_.upper_bound({std::string(tenant), std::string(cursor)});
       at != values_.end() && at->first.first == tenant && (until.empty() || at->first.second <= until); ++at) {
    if (page.customers.size() == static_cast<size_t>(std::max(limit, 1))) {
      page.next_cursor = page.customers.back();
      break;
    }
    page.customers.push_back(at->first.second);
  }
  return page;
}

absl::optional<store::RecentProfile> FakeProfileStore::Recall(const store::CustomerKey& key) {
  absl::MutexLock lock(&mutex_);
  const auto found = recent_.find({key.tenant, key.customer});
  return found == recent_.end() ? absl::nullopt : absl::make_optional(found->second);
}

void FakeProfileStore::Remember(const store::CustomerKey& key, store::RecentProfile recent) {
  absl::MutexLock lock(&mutex_);
  recent_.insert_or_assign({key.tenant, key.customer}, std::move(recent));
}

void FakeProfileStore::Scan(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit,
                            absl::Time deadline, ScanDone done) {
  const auto answer = [&]() -> absl::StatusOr<Page> {
    if (absl::Status status = store::CheckTenant(tenant); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    return Heard<Page>(ReadPage(tenant, cursor, until, limit));
  };
  done(answer());
}

store::StoredProfiles FakeProfileStore::ReadMany(absl::string_view tenant,
                                                 const std::vector<std::string>& customers) const {
  store::StoredProfiles read;
  for (const std::string& customer : customers) {
    const auto found = values_.find({std::string(tenant), customer});
    read.Add(found == values_.end() ? absl::string_view() : found->second);
  }
  return read;
}

void FakeProfileStore::LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                                LoadManyDone done) {
  const auto answer = [&]() -> absl::StatusOr<store::StoredProfiles> {
    if (absl::Status status = store::CheckTenant(tenant); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    return Heard<store::StoredProfiles>(ReadMany(tenant, customers));
  };
  done(answer());
}

void FakeProfileStore::Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline,
                            ReadDone done) {
  const auto answer = [&]() -> absl::StatusOr<Changes> {
    if (absl::Status status = store::CheckTenant(tenant); !status.ok()) return status;
    const absl::StatusOr<store::FeedCursor> cursors = store::ParseFeedCursor(cursor, 1);
    if (!cursors.ok()) return cursors.status();
    const store::ChangeCursor& after = cursors->front();
    const auto most = static_cast<size_t>(std::max(limit, 1));
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    const size_t max_found = after.EntriesFor(most);
    std::vector<store::NumberedChange> found;
    const std::map<uint64_t, std::string>& feed = changes_[std::string(tenant)];
    for (auto at = feed.lower_bound(after.number); at != feed.end() && found.size() < max_found; ++at) {
      found.push_back({at->first, at->second});
    }
    absl::StatusOr<store::PartOfChanges> part = store::ChangesAfter(after, found, most);
    if (!part.ok()) return part.status();
    return store::Merged({*std::move(part)}, most);
  };
  done(answer());
}

void FakeProfileStore::End(absl::string_view tenant, absl::Time deadline, EndDone done) {
  const auto answer = [&]() -> absl::StatusOr<std::string> {
    if (absl::Status status = store::CheckTenant(tenant); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    const std::map<uint64_t, std::string>& feed = changes_[std::string(tenant)];
    if (feed.empty()) return store::FormatFeedCursor({store::EndCursor(absl::nullopt)});
    return store::FormatFeedCursor(
        {store::EndCursor(store::NumberedChange{feed.rbegin()->first, feed.rbegin()->second})});
  };
  done(answer());
}

int64_t FakeProfileStore::EstimatedCount(absl::string_view tenant) {
  absl::MutexLock lock(&mutex_);
  return std::count_if(values_.begin(), values_.end(), [&](const auto& it) { return it.first.first == tenant; });
}

bool FakeProfileStore::Ready() {
  absl::MutexLock lock(&mutex_);
  return failure_.ok();
}

void FakeProfileStore::FailWith(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  failure_ = std::move(status);
}

void FakeProfileStore::InterfereOnce(std::function<void(segmentation::Profile&)> other) {
  absl::MutexLock lock(&mutex_);
  interference_ = std::move(other);
}

void FakeProfileStore::SetBytes(const store::CustomerKey& key, std::string bytes) {
  absl::MutexLock lock(&mutex_);
  values_[{key.tenant, key.customer}] = std::move(bytes);
}

int FakeProfileStore::loads() const {
  absl::MutexLock lock(&mutex_);
  return loads_;
}

int FakeProfileStore::updates() const {
  absl::MutexLock lock(&mutex_);
  return updates_;
}

absl::Status FakeRecordStore::Check(absl::Time deadline) {
  return CheckCall(failure_, deadline, outage_.get(), heard_);
}

void FakeRecordStore::SetOutage(std::shared_ptr<Outage> outage) {
  absl::MutexLock lock(&mutex_);
  outage_ = std::move(outage);
}

void FakeRecordStore::Get(absl::string_view name, absl::Time deadline, GetDone done) {
  const auto answer = [&]() -> absl::StatusOr<store::Record> {
    if (absl::Status status = store::ParseRecordName(name).status(); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    const auto found = records_.find(name);
    return Heard<store::Record>(found == records_.end() ? store::Record{std::string(name), 0, ""} : found->second);
  };
  done(answer());
}

absl::StatusOr<uint64_t> FakeRecordStore::Write(absl::string_view name, absl::string_view value,
                                                uint64_t expected_revision) {
  const auto found = records_.find(name);
  if ((found == records_.end() ? 0 : found->second.revision) != expected_revision) {
    return absl::AbortedError("the record has another revision");
  }
  records_[std::string(name)] = {std::string(name), expected_revision + 1, std::string(value)};
  return expected_revision + 1;
}

void FakeRecordStore::Put(absl::string_view name, absl::string_view value, uint64_t expected_revision,
                          absl::Time deadline, PutDone done) {
  const auto answer = [&]() -> absl::StatusOr<uint64_t> {
    if (absl::Status status = store::ParseRecordName(name).status(); !status.ok()) return status;
    if (absl::Status status = store::CheckRecordValue(value); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    return Heard(Write(name, value, expected_revision));
  };
  done(answer());
}

void FakeRecordStore::List(absl::string_view record_class, absl::Time deadline, ListDone done) {
  const auto answer = [&]() -> absl::StatusOr<std::vector<store::Record>> {
    if (absl::Status status = store::CheckRecordClass(record_class); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    std::vector<store::Record> records;
    for (const auto& [name, record] : records_) {
      if (absl::StartsWith(name, absl::StrCat(record_class, "/"))) records.push_back(record);
    }
    return records;
  };
  done(answer());
}

void FakeRecordStore::FailWith(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  failure_ = std::move(status);
}

}  // namespace waymark::testing_support
