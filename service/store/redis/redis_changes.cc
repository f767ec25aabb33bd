// The change feed of RedisStore: a stream for each bucket of a tenant, whose entries have the ids "0-<number>". A read
// asks all of them at once, whoever wants the same.

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "service/store/names.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/redis_store.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/slots.h"

namespace waymark::store {
namespace {

constexpr absl::string_view kIdPrefix = "0-";

// An array of entries, each its id and an array of fields and values. The bytes are the reply's.
absl::StatusOr<std::vector<NumberedChange>> EntriesIn(const absl::StatusOr<const redisReply*>& answer) {
  if (!answer.ok()) return answer.status();
  const redisReply& reply = **answer;
  if (!IsArray(reply)) return UnexpectedReply();
  std::vector<NumberedChange> entries;
  for (const redisReply* entry : ElementsOf(reply)) {
    if (!IsArray(*entry) || entry->elements != 2 || !IsText(*entry->element[0]) || !IsArray(*entry->element[1]) ||
        entry->element[1]->elements != 2) {
      return UnexpectedReply();
    }
    absl::string_view id = TextOf(*entry->element[0]);
    NumberedChange change{0, TextOf(*entry->element[1]->element[1])};
    if (!absl::ConsumePrefix(&id, kIdPrefix) || !absl::SimpleAtoi(id, &change.number)) return UnexpectedReply();
    entries.push_back(change);
  }
  return entries;
}

// What all buckets answer, in any order; `Finish` is called with the answers, by the last one to let go.
template <typename Answer>
struct Gathered {
  using Finish = absl::AnyInvocable<void(absl::StatusOr<std::vector<Answer>>)>;

  explicit Gathered(Finish finish) : answers(kBuckets), finish(std::move(finish)) {}
  ~Gathered() {
    if (status.ok()) {
      finish(std::move(answers));
    } else {
      finish(std::move(status));
    }
  }

  void Set(size_t bucket, absl::StatusOr<Answer> answer) {
    absl::MutexLock lock(&mutex);
    status.Update(answer.status());
    if (answer.ok()) answers[bucket] = *std::move(answer);
  }

  absl::Mutex mutex;
  absl::Status status;  // the first problem; both guarded by the mutex, until the last who shares this lets go
  std::vector<Answer> answers;
  Finish finish;
};

absl::StatusOr<ChangeCursor> EndIn(const absl::StatusOr<const redisReply*>& reply) {
  const absl::StatusOr<std::vector<NumberedChange>> entries = EntriesIn(reply);
  if (!entries.ok()) return entries.status();
  return EndCursor(entries->empty() ? absl::nullopt : absl::make_optional(entries->front()));
}

absl::StatusOr<PartOfChanges> PartIn(const absl::StatusOr<const redisReply*>& reply, const ChangeCursor& after,
                                     size_t limit) {
  const absl::StatusOr<std::vector<NumberedChange>> entries = EntriesIn(reply);
  if (!entries.ok()) return entries.status();
  return ChangesAfter(after, *entries, limit);
}

}  // namespace

void RedisStore::Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline,
                      ReadDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  const absl::StatusOr<FeedCursor> after = ParseFeedCursor(cursor, kBuckets);
  if (!after.ok()) return done(after.status());
  const auto most = static_cast<size_t>(std::clamp(limit, 1, kMaxChangesRead));
  std::string what = absl::StrCat(tenant, "/", cursor, "/", most);
  if (!shared_reads_.MustRead(what, deadline, std::move(done))) return;
  const size_t each = 1 + most / kBuckets;  // so that a feed that was left behind fills the answer
  const auto gathered = std::make_shared<Gathered<PartOfChanges>>(
      [this, most, what = std::move(what)](absl::StatusOr<std::vector<PartOfChanges>> parts) {
        if (!parts.ok()) return shared_reads_.Finish(what, parts.status());
        shared_reads_.Finish(what, Merged(*std::move(parts), most));
      });
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const ChangeCursor& from = (*after)[bucket];
    const std::string key = ChangesKey(tenant, static_cast<int>(bucket));
    std::string command = FormatCommand(
        {"XRANGE", key, absl::StrCat(kIdPrefix, from.number), "+", "COUNT", absl::StrCat(from.EntriesFor(each))});
    connection_.Send(Route::Of(key), std::move(command), deadline,
                     [gathered, bucket, from, each](const absl::StatusOr<const redisReply*>& reply) {
                       gathered->Set(bucket, PartIn(reply, from, each));
                     });
  }
}

void RedisStore::End(absl::string_view tenant, absl::Time deadline, EndDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  const auto gathered = std::make_shared<Gathered<ChangeCursor>>(
      [done = std::move(done)](absl::StatusOr<std::vector<ChangeCursor>> ends) mutable {
        if (!ends.ok()) return done(ends.status());
        done(FormatFeedCursor(*ends));
      });
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const std::string key = ChangesKey(tenant, static_cast<int>(bucket));
    connection_.Send(
        Route::Of(key), FormatCommand({"XREVRANGE", key, "+", "-", "COUNT", "1"}), deadline,
        [gathered, bucket](const absl::StatusOr<const redisReply*>& reply) { gathered->Set(bucket, EndIn(reply)); });
  }
}

}  // namespace waymark::store
