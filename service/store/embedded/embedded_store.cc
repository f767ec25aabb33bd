#include "service/store/embedded/embedded_store.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "service/base/clock.h"
#include "service/store/embedded/database.h"
#include "service/store/embedded/decision_ring.h"
#include "service/store/embedded/embedded_budgets.h"
#include "service/store/embedded/feeds.h"
#include "service/store/embedded/keys.h"
#include "service/store/embedded/profile_cache.h"
#include "service/store/embedded/reader.h"
#include "service/store/embedded/writer.h"
#include "service/store/names.h"
#include "service/store/sealed.h"

namespace waymark::store {
namespace {

constexpr int kMaxPage = 10'000;

absl::Status CheckDeadline(absl::Time deadline) {
  if (base::SteadyNow() > deadline) return absl::DeadlineExceededError("the store was asked after the deadline");
  return absl::OkStatus();
}

// What a change makes of a profile: the value to write, and what to announce.
struct NewValue {
  std::string sealed;
  absl::optional<std::string> announcement;
};

absl::StatusOr<absl::optional<NewValue>> ChangeProfile(absl::string_view customer, const StoredProfile& stored,
                                                       ProfileStore::Change& change) {
  const absl::StatusOr<absl::optional<segmentation::Profile>> changed = change(stored);
  if (!changed.ok()) return changed.status();
  if (!changed->has_value()) return absl::nullopt;
  absl::StatusOr<std::string> sealed = SealProfile(stored.revision + 1, **changed);
  if (!sealed.ok()) return sealed.status();
  return NewValue{*std::move(sealed), AnnouncementOf(customer, stored.profile, **changed, absl::Now())};
}

// A profile's compare-and-set. The change was called once already, on what the caller's thread read; where that is
// still what is stored, what it said is written as it is. Otherwise it is called again, on what is there now.
class ProfileWrite final : public WriteRequest {
 public:
  // `value`: what to write over the revision `seen`.
  ProfileWrite(const CustomerKey& key, absl::Time deadline, uint64_t seen, NewValue value, ProfileStore::Change change,
               ProfileStore::UpdateDone done)
      : WriteRequest(Family::kProfiles, ProfileKey(key), deadline),
        customer_(key.customer),
        seen_(seen),
        value_(std::move(value)),
        change_(std::move(change)),
        done_(std::move(done)) {}

  absl::StatusOr<absl::optional<std::string>> Change(absl::optional<absl::string_view> current) override {
    const absl::StatusOr<uint64_t> revision = current.has_value() ? RevisionOf(*current) : uint64_t{0};
    if (!revision.ok()) return revision.status();
    revision_ = *revision;
    if (revision_ != seen_) {
      absl::StatusOr<StoredProfile> stored = current.has_value() ? UnsealProfile(*current) : StoredProfile{};
      if (!stored.ok()) return stored.status();
      absl::StatusOr<absl::optional<NewValue>> changed = ChangeProfile(customer_, *stored, change_);
      if (!changed.ok()) return changed.status();
      if (!changed->has_value()) return absl::nullopt;
      value_ = **std::move(changed);
    }
    ++revision_;
    return absl::make_optional(std::move(value_.sealed));
  }

  absl::optional<std::string> Announcement() override { return std::move(value_.announcement); }

  void Finish(absl::Status status) override {
    if (status.ok()) {
      done_(revision_);
    } else {
      done_(std::move(status));
    }
  }

 private:
  const std::string customer_;
  const uint64_t seen_;
  NewValue value_;
  ProfileStore::Change change_;
  ProfileStore::UpdateDone done_;
  uint64_t revision_ = 0;
};

// A record's comparison and write. It looks at the stored revision alone, so that a damaged value can be replaced by
// who knows its revision.
class RecordWrite final : public WriteRequest {
 public:
  RecordWrite(absl::string_view name, absl::string_view value, uint64_t expected_revision, absl::Time deadline,
              RecordStore::PutDone done)
      : WriteRequest(Family::kRecords, std::string(name), deadline),
        value_(value),
        expected_(expected_revision),
        done_(std::move(done)) {}

  absl::StatusOr<absl::optional<std::string>> Change(absl::optional<absl::string_view> current) override {
    const absl::StatusOr<uint64_t> revision = current.has_value() ? RevisionOf(*current) : uint64_t{0};
    if (!revision.ok()) return revision.status();
    if (*revision != expected_) return absl::AbortedError("the record has another revision");
    return Seal(expected_ + 1, value_);
  }

  void Finish(absl::Status status) override {
    if (status.ok()) {
      done_(expected_ + 1);
    } else {
      done_(std::move(status));
    }
  }

 private:
  const std::string value_;
  const uint64_t expected_;
  RecordStore::PutDone done_;
};

absl::StatusOr<absl::flat_hash_map<std::string, int64_t>> ReadCounts(const Database& database) {
  absl::flat_hash_map<std::string, int64_t> counts;
  const absl::Status status =
      database.Walk(Family::kCounts, "", [&](absl::string_view tenant, absl::string_view count) {
        counts[tenant] = CountOf(count);
        return true;
      });
  if (!status.ok()) return status;
  return counts;
}

absl::StatusOr<Record> ReadRecord(absl::string_view name, absl::string_view value) {
  const absl::StatusOr<Sealed> sealed = Unseal(value);
  if (!sealed.ok()) return sealed.status();
  return Record{std::string(name), sealed->revision, std::string(sealed->body)};
}

}  // namespace

// The database, and the threads that use it: destroyed before it.
class EmbeddedStore::Parts {
 public:
  Parts(std::unique_ptr<Database> opened, absl::flat_hash_map<std::string, int64_t> counts,
        const EmbeddedOptions& options)
      : database(std::move(opened)),
        profiles(*database, options.profile_cache_bytes),
        writer(*database, profiles, std::move(counts), options),
        ring(*database),
        budgets(*database, writer),
        reader(options.max_queued),
        log_thread(options.max_queued) {}

  absl::StatusOr<StoredProfile> ReadProfile(const CustomerKey& key) {
    StoredProfile stored;
    absl::Status decoded;
    const absl::Status status =
        profiles.Get(ProfileKey(key), [&](absl::string_view value) { decoded = UnsealProfile(value, stored); });
    if (absl::IsNotFound(status)) return stored;
    if (!status.ok()) return status;
    if (!decoded.ok()) return decoded;
    return stored;
  }

  absl::StatusOr<ProfileStore::Page> ReadPage(const std::string& tenant, const std::string& cursor,
                                              const std::string& until, size_t limit) {
    WalkedPage walked{tenant, {}, {}, writer.profile_writes()};
    bool keep = walked.profile_writes % 2 == 0;
    const std::string prefix = TenantPrefix(tenant);
    // The key right after the cursor's.
    const std::string first = cursor.empty() ? prefix : absl::StrCat(prefix, cursor, absl::string_view("\0", 1));
    ProfileStore::Page page;
    const auto take = [&](absl::string_view key, absl::string_view value) {
      if (!absl::ConsumePrefix(&key, prefix) || (!until.empty() && key > until)) return false;
      if (page.customers.size() == limit) {
        page.next_cursor = page.customers.back();
        return false;
      }
      page.customers.emplace_back(key);
      keep = keep && walked.profiles.bytes() + value.size() <= kMaxWalkedBytes;
      if (keep) walked.profiles.Add(value);
      return true;
    };
    if (absl::Status status = database->Walk(Family::kProfiles, first, take); !status.ok()) return status;
    if (keep) {
      walked.customers = page.customers;
      if (walked_.size() == kMaxWalked) walked_.pop_front();
      walked_.push_back(std::move(walked));
    }
    return page;
  }

  absl::StatusOr<StoredProfiles> ReadMany(const std::string& tenant, const std::vector<std::string>& customers) {
    const auto walked = std::find_if(walked_.begin(), walked_.end(), [&](const WalkedPage& page) {
      return page.tenant == tenant && page.customers == customers && page.profile_writes == writer.profile_writes();
    });
    StoredProfiles read;
    if (walked != walked_.end()) {
      read = std::move(walked->profiles);
      walked_.erase(walked);
      return read;
    }
    const auto add = [&](absl::optional<absl::string_view> value) { read.Add(value.value_or("")); };
    const absl::Status status = database->GetMany(Family::kProfiles, TenantPrefix(tenant), customers, add);
    if (!status.ok()) return status;
    return read;
  }

  absl::StatusOr<std::vector<Record>> ReadRecords(const std::string& record_class) const {
    const std::string prefix = absl::StrCat(record_class, "/");
    std::vector<Record> records;
    const auto take = [&](absl::string_view name, absl::string_view value) {
      if (!absl::StartsWith(name, prefix)) return false;
      absl::StatusOr<Record> record = ReadRecord(name, value);
      records.push_back(record.ok() ? *std::move(record) : Record{std::string(name), 0, ""});
      return true;
    };
    if (absl::Status status = database->Walk(Family::kRecords, prefix, take); !status.ok()) return status;
    return records;
  }

  const std::unique_ptr<Database> database;
  ProfileCache profiles;
  Writer writer;
  DecisionRing ring;  // the log's thread only
  EmbeddedBudgets budgets;

 private:
  // A page of names that was read lately, and the profiles that the database walked over for it: whoever loads them
  // next, before any profile is written, needs no second walk.
  struct WalkedPage {
    std::string tenant;
    std::vector<std::string> customers;
    StoredProfiles profiles;
    uint64_t profile_writes = 0;  // as the writer had them before the walk
  };
  // A walk over all is two pages ahead of what it looks at.
  static constexpr size_t kMaxWalked = 2;
  static constexpr size_t kMaxWalkedBytes = 2 << 20;  // a page
  std::deque<WalkedPage> walked_;                     // the reader's thread only

 public:
  Reader reader;
  Reader log_thread;
};

absl::StatusOr<std::unique_ptr<EmbeddedStore>> EmbeddedStore::Open(const std::string& path,
                                                                   const EmbeddedOptions& options) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path, options);
  if (!database.ok()) return database.status();
  auto counts = ReadCounts(**database);
  if (!counts.ok()) return counts.status();
  return absl::WrapUnique(
      new EmbeddedStore(std::make_unique<Parts>(*std::move(database), *std::move(counts), options)));
}

EmbeddedStore::EmbeddedStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

EmbeddedStore::~EmbeddedStore() = default;

void EmbeddedStore::Load(const CustomerKey& key, absl::Time deadline, LoadDone done) {
  if (absl::Status status = CheckKey(key); !status.ok()) return done(std::move(status));
  if (absl::Status status = CheckDeadline(deadline); !status.ok()) return done(std::move(status));
  done(parts_->ReadProfile(key));
}

void EmbeddedStore::Update(const CustomerKey& key, absl::Time deadline, Change change, UpdateDone done) {
  if (absl::Status status = CheckKey(key); !status.ok()) return done(std::move(status));
  if (absl::Status status = CheckDeadline(deadline); !status.ok()) return done(std::move(status));
  const absl::StatusOr<StoredProfile> stored = parts_->ReadProfile(key);
  if (!stored.ok()) return done(stored.status());
  UpdateFrom(key, *stored, deadline, std::move(change), std::move(done));
}

void EmbeddedStore::UpdateFrom(const CustomerKey& key, const StoredProfile& seen, absl::Time deadline, Change change,
                               UpdateDone done) {
  if (absl::Status status = CheckKey(key); !status.ok()) return done(std::move(status));
  if (absl::Status status = CheckDeadline(deadline); !status.ok()) return done(std::move(status));
  // On the caller's thread: only what changes something is handed to the writer, and waits for the disk.
  absl::StatusOr<absl::optional<NewValue>> changed = ChangeProfile(key.customer, seen, change);
  if (!changed.ok()) return done(changed.status());
  if (!changed->has_value()) return done(seen.revision);
  parts_->writer.Submit(std::make_unique<ProfileWrite>(key, deadline, seen.revision, **std::move(changed),
                                                       std::move(change), std::move(done)));
}

void EmbeddedStore::Scan(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit,
                         absl::Time deadline, ScanDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  parts_->reader.Submit(deadline, [parts = parts_.get(), tenant = std::string(tenant), cursor = std::string(cursor),
                                   until = std::string(until), limit = std::clamp(limit, 1, kMaxPage),
                                   done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) return done(std::move(status));
    done(parts->ReadPage(tenant, cursor, until, static_cast<size_t>(limit)));
  });
}

void EmbeddedStore::LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                             LoadManyDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  parts_->reader.Submit(deadline, [parts = parts_.get(), tenant = std::string(tenant), customers = std::move(customers),
                                   done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) return done(std::move(status));
    done(parts->ReadMany(tenant, customers));
  });
}

int64_t EmbeddedStore::EstimatedCount(absl::string_view tenant) { return parts_->writer.CountOf(tenant); }

bool EmbeddedStore::Ready() { return parts_->writer.healthy(); }

void EmbeddedStore::Get(absl::string_view name, absl::Time deadline, GetDone done) {
  if (absl::Status status = ParseRecordName(name).status(); !status.ok()) return done(std::move(status));
  if (absl::Status status = CheckDeadline(deadline); !status.ok()) return done(std::move(status));
  rocksdb::PinnableSlice value;
  absl::Status status = parts_->database->Get(Family::kRecords, name, value);
  if (absl::IsNotFound(status)) return done(Record{std::string(name), 0, ""});
  if (!status.ok()) return done(std::move(status));
  done(ReadRecord(name, ViewOf(value)));
}

void EmbeddedStore::Put(absl::string_view name, absl::string_view value, uint64_t expected_revision,
                        absl::Time deadline, PutDone done) {
  if (absl::Status status = ParseRecordName(name).status(); !status.ok()) return done(std::move(status));
  if (absl::Status status = CheckRecordValue(value); !status.ok()) return done(std::move(status));
  parts_->writer.Submit(std::make_unique<RecordWrite>(name, value, expected_revision, deadline, std::move(done)));
}

void EmbeddedStore::List(absl::string_view record_class, absl::Time deadline, ListDone done) {
  if (absl::Status status = CheckRecordClass(record_class); !status.ok()) return done(std::move(status));
  parts_->reader.Submit(deadline, [parts = parts_.get(), record_class = std::string(record_class),
                                   done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) return done(std::move(status));
    done(parts->ReadRecords(record_class));
  });
}

BudgetStore& EmbeddedStore::budgets() { return parts_->budgets; }

absl::Duration EmbeddedStore::idle_time() const { return parts_->writer.idle_time(); }

void EmbeddedStore::Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline,
                         ReadDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  const absl::StatusOr<FeedCursor> after = ParseFeedCursor(cursor, 1);
  if (!after.ok()) return done(after.status());
  parts_->reader.Submit(
      deadline, [parts = parts_.get(), tenant = std::string(tenant), after = after->front(),
                 limit = std::clamp(limit, 1, kMaxChangesRead), done = std::move(done)](absl::Status status) mutable {
        if (!status.ok()) return done(std::move(status));
        done(ReadChanges(*parts->database, tenant, after, static_cast<size_t>(limit)));
      });
}

void EmbeddedStore::End(absl::string_view tenant, absl::Time deadline, EndDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  parts_->reader.Submit(deadline, [parts = parts_.get(), tenant = std::string(tenant),
                                   done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) return done(std::move(status));
    done(EndOfChanges(*parts->database, tenant));
  });
}

void EmbeddedStore::Append(absl::string_view tenant, std::vector<Entry> entries, absl::Time deadline, AppendDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done({std::move(status), std::move(entries)});
  parts_->log_thread.Submit(deadline, [parts = parts_.get(), tenant = std::string(tenant), entries = std::move(entries),
                                       done = std::move(done)](absl::Status status) mutable {
    if (status.ok()) status = parts->ring.Append(tenant, entries, absl::Now());
    if (status.ok()) entries.clear();
    done({std::move(status), std::move(entries)});
  });
}

void EmbeddedStore::ReadShard(absl::string_view tenant, int shard, absl::string_view cursor, absl::Time since,
                              absl::Time deadline, ReadShardDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  parts_->log_thread.Submit(
      deadline, [parts = parts_.get(), tenant = std::string(tenant), shard, cursor = std::string(cursor), since,
                 done = std::move(done)](absl::Status status) mutable {
        if (!status.ok()) return done(std::move(status));
        done(parts->ring.Read(tenant, shard, cursor, since));
      });
}

void EmbeddedStore::Trim(absl::string_view tenant, absl::Time not_before, size_t max_bytes, absl::Time deadline,
                         TrimDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  parts_->log_thread.Submit(deadline, [parts = parts_.get(), tenant = std::string(tenant), not_before, max_bytes,
                                       done = std::move(done)](absl::Status status) mutable {
    if (status.ok()) status = parts->ring.Trim(tenant, not_before, max_bytes);
    done(std::move(status));
  });
}

}  // namespace waymark::store
