// The change feed of RedisStore: one stream a tenant, whose entries have the ids "0-<number>".

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/store/names.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/redis_store.h"
#include "service/store/redis/replies.h"

namespace waymark::store {
namespace {

constexpr absl::string_view kIdPrefix = "0-";

// An array of entries, each its id and an array of fields and values. The bytes are the reply's.
absl::StatusOr<std::vector<NumberedChange>> EntriesIn(const redisReply& reply) {
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

}  // namespace

void RedisStore::Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline,
                      ReadDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  const absl::StatusOr<ChangeCursor> after = ParseChangeCursor(cursor);
  if (!after.ok()) return done(after.status());
  const size_t count = after->EntriesFor(static_cast<size_t>(std::clamp(limit, 1, kMaxChangesRead)));
  connection_.Send(FormatCommand({"XRANGE", ChangesKey(tenant), absl::StrCat(kIdPrefix, after->number), "+", "COUNT",
                                  absl::StrCat(count)}),
                   deadline, [after = *after, done = std::move(done)](absl::StatusOr<const redisReply*> reply) mutable {
                     if (!reply.ok()) return done(reply.status());
                     const absl::StatusOr<std::vector<NumberedChange>> entries = EntriesIn(**reply);
                     if (!entries.ok()) return done(entries.status());
                     done(ChangesAfter(after, *entries));
                   });
}

void RedisStore::End(absl::string_view tenant, absl::Time deadline, EndDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  connection_.Send(FormatCommand({"XREVRANGE", ChangesKey(tenant), "+", "-", "COUNT", "1"}), deadline,
                   [done = std::move(done)](absl::StatusOr<const redisReply*> reply) mutable {
                     if (!reply.ok()) return done(reply.status());
                     const absl::StatusOr<std::vector<NumberedChange>> entries = EntriesIn(**reply);
                     if (!entries.ok()) return done(entries.status());
                     done(EndCursor(entries->empty() ? absl::nullopt : absl::make_optional(entries->front())));
                   });
}

}  // namespace waymark::store
