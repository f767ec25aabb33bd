// The decision log of RedisStore: a stream for each shard of a tenant. An entry of a stream holds what was appended to
// its shard at once, each under the field "e".

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "service/store/names.h"
#include "service/store/redis/evaluate.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/redis_store.h"
#include "service/store/redis/replies.h"

namespace waymark::store {
namespace {

constexpr absl::string_view kField = "e";
// What one XADD takes at most, beyond its first entry.
constexpr size_t kMaxAppendBytes = 8 * 1024;
// So many entries of the stream a page: with all that one XADD takes, some hundred kilobytes.
constexpr size_t kPageEntries = 32;
constexpr int kTrimsAtOnce = 16;

struct StreamPage {
  std::vector<std::string> entries;
  size_t stream_entries = 0;
  std::string last_id;
};

absl::StatusOr<StreamPage> PageIn(const redisReply& reply) {
  if (!IsArray(reply)) return UnexpectedReply();
  StreamPage page;
  for (const redisReply* entry : ElementsOf(reply)) {
    if (!IsArray(*entry) || entry->elements != 2 || !IsText(*entry->element[0]) || !IsArray(*entry->element[1]) ||
        entry->element[1]->elements % 2 != 0) {
      return UnexpectedReply();
    }
    const auto fields = ElementsOf(*entry->element[1]);
    for (size_t i = 1; i < fields.size(); i += 2) page.entries.emplace_back(TextOf(*fields[i]));
    page.last_id = std::string(TextOf(*entry->element[0]));
    ++page.stream_entries;
  }
  return page;
}

}  // namespace

// The appends of one call, which are answered one by one.
struct RedisStore::AppendInProgress {
  explicit AppendInProgress(AppendDone done) : done(std::move(done)) {}
  ~AppendInProgress() { done(std::move(appended)); }

  void Failed(const absl::Status& status, std::vector<Entry> entries) {
    absl::MutexLock lock(&mutex);
    appended.status = status;
    for (Entry& entry : entries) appended.unwritten.push_back(std::move(entry));
  }

  AppendDone done;
  absl::Mutex mutex;
  Appended appended;  // guarded by the mutex, until the last who shares this lets go
};

void RedisStore::Append(absl::string_view tenant, std::vector<Entry> entries, absl::Time deadline, AppendDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done({std::move(status), std::move(entries)});
  // Those of a shard together, each in the order in which it came.
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return LogShardOf(a.key) < LogShardOf(b.key); });
  const auto append = std::make_shared<AppendInProgress>(std::move(done));
  for (size_t first = 0, end = 0; first < entries.size(); first = end) {
    const int shard = LogShardOf(entries[first].key);
    const std::string key = LogKey(tenant, shard);
    std::vector<absl::string_view> command = {"XADD", key, "*"};
    size_t bytes = 0;
    for (end = first; end < entries.size() && LogShardOf(entries[end].key) == shard && bytes < kMaxAppendBytes; ++end) {
      command.insert(command.end(), {kField, entries[end].bytes});
      bytes += entries[end].bytes.size();
    }
    std::string formatted = FormatCommand(command);
    std::vector<Entry> sent(std::make_move_iterator(entries.begin() + static_cast<std::ptrdiff_t>(first)),
                            std::make_move_iterator(entries.begin() + static_cast<std::ptrdiff_t>(end)));
    connection_.Send(Route::Of(key), std::move(formatted), deadline,
                     [append, sent = std::move(sent)](const absl::StatusOr<const redisReply*>& reply) mutable {
                       if (!reply.ok()) append->Failed(reply.status(), std::move(sent));
                     });
  }
}

void RedisStore::ReadShard(absl::string_view tenant, int shard, absl::string_view cursor, absl::Time since,
                           absl::Time deadline, ReadShardDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  // The cursor is the last entry of the page before.
  const std::string first =
      cursor.empty() ? absl::StrCat(std::max<int64_t>(0, absl::ToUnixMillis(since))) : absl::StrCat("(", cursor);
  const std::string key = LogKey(tenant, shard);
  connection_.Send(Route::Of(key), FormatCommand({"XRANGE", key, first, "+", "COUNT", absl::StrCat(kPageEntries)}),
                   deadline, [done = std::move(done)](absl::StatusOr<const redisReply*> reply) mutable {
                     if (!reply.ok()) return done(reply.status());
                     absl::StatusOr<StreamPage> read = PageIn(**reply);
                     if (!read.ok()) return done(read.status());
                     LogPage page{.entries = std::move(read->entries)};
                     if (read->stream_entries == kPageEntries) page.next_cursor = std::move(read->last_id);
                     done(std::move(page));
                   });
}

struct RedisStore::TrimInProgress {
  TrimInProgress(std::string tenant, std::string not_before, std::string max_bytes, absl::Time deadline, TrimDone done)
      : tenant(std::move(tenant)),
        not_before(std::move(not_before)),
        max_bytes(std::move(max_bytes)),
        deadline(deadline),
        done(std::move(done)) {}
  ~TrimInProgress() { done(std::move(status)); }

  const std::string tenant;
  const std::string not_before;
  const std::string max_bytes;
  const absl::Time deadline;
  TrimDone done;
  std::atomic<int> next_shard{0};
  absl::Mutex mutex;
  absl::Status status;  // guarded by the mutex, until the last who shares this lets go
};

void RedisStore::Trim(absl::string_view tenant, absl::Time not_before, size_t max_bytes, absl::Time deadline,
                      TrimDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  const auto trim = std::make_shared<TrimInProgress>(std::string(tenant),
                                                     absl::StrCat(std::max<int64_t>(0, absl::ToUnixMillis(not_before))),
                                                     absl::StrCat(max_bytes / kLogShards), deadline, std::move(done));
  for (int i = 0; i < kTrimsAtOnce; ++i) TrimOn(trim);
}

void RedisStore::TrimOn(const std::shared_ptr<TrimInProgress>& trim) {
  const int shard = trim->next_shard.fetch_add(1);
  if (shard >= kLogShards) return;
  Evaluate(connection_, TrimLogScript(), {LogKey(trim->tenant, shard), trim->not_before, trim->max_bytes},
           trim->deadline, [this, trim](const absl::StatusOr<const redisReply*>& reply) {
             if (reply.ok()) return TrimOn(trim);
             absl::MutexLock lock(&trim->mutex);
             trim->status = reply.status();
           });
}

}  // namespace waymark::store
