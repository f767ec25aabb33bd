#include "service/store/redis/redis_store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/base/clock.h"
#include "service/store/names.h"
#include "service/store/redis/evaluate.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/slots.h"
#include "service/store/sealed.h"

namespace waymark::store {
namespace {

// What the scripts compare with: "" stands for "no value" there.
std::string ExpectedPrefix(uint64_t revision) { return revision == 0 ? "" : RevisionPrefix(revision); }

absl::StatusOr<StoredProfile> ProfileIn(const redisReply& reply, absl::string_view key) {
  if (IsNil(reply)) return StoredProfile{};
  if (!IsText(reply)) return UnexpectedReply();
  return UnsealProfile(TextOf(reply), OwnerAt(key));
}

absl::StatusOr<Record> RecordIn(std::string name, const redisReply& reply) {
  if (IsNil(reply)) return Record{std::move(name), 0, ""};
  if (!IsText(reply)) return UnexpectedReply();
  const absl::StatusOr<Sealed> sealed = Unseal(TextOf(reply), OwnerAt(name));
  if (!sealed.ok()) return sealed.status();
  return Record{std::move(name), sealed->revision, std::string(sealed->body)};
}

// Fields and values, in turn.
absl::StatusOr<std::vector<Record>> RecordsIn(absl::string_view record_class, const redisReply& reply) {
  if (!IsArray(reply) || reply.elements % 2 != 0) return UnexpectedReply();
  const auto elements = ElementsOf(reply);
  std::vector<Record> records;
  for (size_t i = 0; i < elements.size(); i += 2) {
    absl::StatusOr<Record> record = RecordIn(absl::StrCat(record_class, "/", TextOf(*elements[i])), *elements[i + 1]);
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
  }
  std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.name < b.name; });
  return records;
}

}  // namespace

RedisStore::RedisStore(const RedisOptions& options)
    : wait_(options.wait_for_replica),
      replica_timeout_(options.replica_timeout),
      max_changes_(absl::StrCat((options.max_changes + kBuckets - 1) / kBuckets)),
      recent_(options.recent_bytes, options.recent_age),
      connection_(options, {FormatCommand({"SCRIPT", "LOAD", SetProfileScript().text}),
                            FormatCommand({"SCRIPT", "LOAD", SetProfileAndAnnounceScript().text}),
                            FormatCommand({"SCRIPT", "LOAD", SetRecordScript().text})}) {}

void RedisStore::Load(const CustomerKey& key, absl::Time deadline, LoadDone done) {
  if (absl::Status status = CheckKey(key); !status.ok()) return done(std::move(status));
  const std::string profile_key = RedisProfileKey(key);
  connection_.Send(Route::Of(profile_key, Route::To::kReplica), FormatCommand({"GET", profile_key}), deadline,
                   [this, profile_key, done = std::move(done)](absl::StatusOr<const redisReply*> reply) mutable {
                     if (!reply.ok()) return done(reply.status());
                     absl::StatusOr<StoredProfile> stored = ProfileIn(**reply, profile_key);
                     if (stored.ok())
                       recent_.Keep(profile_key, IsText(**reply) ? TextOf(**reply) : "", base::SteadyNow());
                     done(std::move(stored));
                   });
}

absl::optional<RecentProfile> RedisStore::Recall(const CustomerKey& key) {
  if (!CheckKey(key).ok()) return absl::nullopt;
  const absl::Time now = base::SteadyNow();
  absl::optional<RecentProfile> recent = recent_.Recall(RedisProfileKey(key), now);
  if (recent.has_value()) recent->at += absl::Now() - now;
  return recent;
}

struct RedisStore::UpdateInProgress {
  CustomerKey key;
  absl::Time deadline;
  std::shared_ptr<SharedUpdate> shared;
};

void RedisStore::Update(const CustomerKey& key, absl::Time deadline, Change change, UpdateDone done) {
  if (absl::Status status = CheckKey(key); !status.ok()) return done(std::move(status));
  std::shared_ptr<SharedUpdate> shared = shared_updates_.Join(key, {deadline, std::move(change), std::move(done)});
  if (shared == nullptr) return;
  auto update = std::make_unique<UpdateInProgress>(UpdateInProgress{key, deadline, std::move(shared)});
  const std::string profile_key = RedisProfileKey(key);
  connection_.Send(Route::Of(profile_key), FormatCommand({"GET", profile_key}), deadline,
                   [this, update = std::move(update)](absl::StatusOr<const redisReply*> reply) mutable {
                     shared_updates_.Close(update->key, update->shared);
                     if (!reply.ok()) return update->shared->Fail(reply.status());
                     TryUpdate(std::move(update), **reply);
                   });
}

void RedisStore::UpdateFrom(const CustomerKey& key, const StoredProfile& seen, absl::Time deadline, Change change,
                            UpdateDone done) {
  if (absl::Status status = CheckKey(key); !status.ok()) return done(std::move(status));
  auto shared = std::make_shared<SharedUpdate>(SharedUpdate::Part{deadline, std::move(change), std::move(done)});
  TryUpdate(std::make_unique<UpdateInProgress>(UpdateInProgress{key, deadline, std::move(shared)}), seen);
}

void RedisStore::TryUpdate(std::unique_ptr<UpdateInProgress> update, const redisReply& current) {
  const absl::StatusOr<StoredProfile> stored = ProfileIn(current, RedisProfileKey(update->key));
  if (!stored.ok()) return update->shared->Fail(stored.status());
  TryUpdate(std::move(update), *stored);
}

void RedisStore::TryUpdate(std::unique_ptr<UpdateInProgress> update, const StoredProfile& current) {
  absl::optional<StoredProfile> changed = update->shared->Apply(current);
  if (!changed.has_value()) {
    update->shared->Stored();
    return;
  }
  const CustomerKey& key = update->key;
  std::string profile_key = RedisProfileKey(key);
  absl::StatusOr<std::string> value = SealProfile(changed->revision, changed->profile, OwnerAt(profile_key));
  if (!value.ok() && update->shared->size() > 1) return UpdateOneByOne(*update, current);
  if (!value.ok()) return update->shared->Fail(value.status());
  const absl::Time deadline = update->deadline;
  absl::optional<std::string> announcement =
      AnnouncementOf(key.customer, current.profile, changed->profile, absl::Now());
  const bool announces = announcement.has_value();
  std::string sealed = *value;
  std::vector<std::string> arguments = {std::move(profile_key)};
  if (announces) arguments.push_back(ChangesKey(key.tenant, BucketOf(key.customer)));
  arguments.push_back(ExpectedPrefix(current.revision));
  arguments.push_back(*std::move(value));
  if (announces) {
    arguments.push_back(*std::move(announcement));
    arguments.push_back(absl::StrCat(FirstChangeNumber(absl::Now())));
    arguments.push_back(max_changes_);
  }
  const Script& script = announces ? SetProfileAndAnnounceScript() : SetProfileScript();
  Evaluate(
      connection_, script, std::move(arguments), deadline,
      [this, update = std::move(update), written = *std::move(changed),
       sealed = std::move(sealed)](absl::StatusOr<const redisReply*> reply) mutable {
        if (!reply.ok()) return update->shared->Fail(reply.status());
        if (!IsInteger(**reply)) return TryUpdate(std::move(update), **reply);
        recent_.Keep(RedisProfileKey(update->key), sealed, base::SteadyNow());
        const absl::Time until = update->deadline;
        const uint64_t revision = written.revision;
        Acknowledge(revision, until,
                    [this, update = std::move(update),
                     written = std::move(written)](const absl::StatusOr<uint64_t>& acknowledged) mutable {
                      if (!acknowledged.ok()) return update->shared->Fail(acknowledged.status());
                      if (update->shared->Stored()) TryUpdate(std::move(update), written);
                    });
      },
      written_to());
}

// One of them is too much, and the others are not to suffer for it.
void RedisStore::UpdateOneByOne(UpdateInProgress& update, const StoredProfile& current) {
  for (SharedUpdate::Part& part : update.shared->Split()) {
    UpdateFrom(update.key, current, part.deadline, std::move(part.change), std::move(part.done));
  }
}

void RedisStore::Acknowledge(uint64_t revision, absl::Time deadline, PutDone done) {
  if (!wait_ || !connection_.AnswererHasReplicas()) return done(revision);
  connection_.WaitForReplica(replica_timeout_, deadline,
                             [revision, done = std::move(done)](absl::Status status) mutable {
                               if (!status.ok()) return done(std::move(status));
                               done(revision);
                             });
}

int64_t RedisStore::EstimatedCount(absl::string_view) { return connection_.keys(); }

bool RedisStore::Ready() { return connection_.Ready(); }

void RedisStore::Get(absl::string_view name, absl::Time deadline, GetDone done) {
  const absl::StatusOr<RecordName> parsed = ParseRecordName(name);
  if (!parsed.ok()) return done(parsed.status());
  const std::string key = RecordsKey(parsed->record_class);
  connection_.Send(Route::Of(key), FormatCommand({"HGET", key, parsed->rest}), deadline,
                   [name = std::string(name), done = std::move(done)](absl::StatusOr<const redisReply*> reply) mutable {
                     if (!reply.ok()) return done(reply.status());
                     done(RecordIn(std::move(name), **reply));
                   });
}

void RedisStore::Put(absl::string_view name, absl::string_view value, uint64_t expected_revision, absl::Time deadline,
                     PutDone done) {
  const absl::StatusOr<RecordName> parsed = ParseRecordName(name);
  if (!parsed.ok()) return done(parsed.status());
  if (absl::Status status = CheckRecordValue(value); !status.ok()) return done(std::move(status));
  const uint64_t revision = expected_revision + 1;
  Evaluate(
      connection_, SetRecordScript(),
      {RecordsKey(parsed->record_class), std::string(parsed->rest), ExpectedPrefix(expected_revision),
       Seal(revision, value, OwnerAt(name))},
      deadline,
      [this, revision, deadline, done = std::move(done)](absl::StatusOr<const redisReply*> reply) mutable {
        if (!reply.ok()) return done(reply.status());
        if (!IsInteger(**reply)) return done(UnexpectedReply());
        if ((*reply)->integer == 0) return done(absl::AbortedError("the record has another revision"));
        Acknowledge(revision, deadline, std::move(done));
      },
      written_to());
}

void RedisStore::List(absl::string_view record_class, absl::Time deadline, ListDone done) {
  if (absl::Status status = CheckRecordClass(record_class); !status.ok()) return done(std::move(status));
  const std::string key = RecordsKey(record_class);
  connection_.Send(Route::Of(key), FormatCommand({"HGETALL", key}), deadline,
                   [record_class = std::string(record_class),
                    done = std::move(done)](absl::StatusOr<const redisReply*> reply) mutable {
                     if (!reply.ok()) return done(reply.status());
                     done(RecordsIn(record_class, **reply));
                   });
}

}  // namespace waymark::store
