#ifndef WAYMARK_SERVICE_STORE_DECISION_LOG_H_
#define WAYMARK_SERVICE_STORE_DECISION_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark::store {

// The log of a tenant's decisions: entries that are appended, read in the order in which they were appended, and
// dropped from the oldest on. It has 256 shards, and an entry belongs to the one that its key says: so what is known of
// an entry's key is found by reading one part in 256 of the log, without an index that would have to be kept and
// dropped with it.
//
// What is appended may be lost with the machine, or with Redis: it is not synced. (An answer never waits for it, and
// none rests on it.) An append whose answer was lost may have been done, so that an entry is there twice where it is
// repeated.
//
// As ProfileStore: every method returns at once and calls back exactly once, on any thread; thread-safe; the same
// errors.
class DecisionLog {
 public:
  struct Entry {
    uint64_t key = 0;   // its highest byte is the shard
    std::string bytes;  // at most 64 KiB
  };
  // Gives back those that were not written, as far as is known; and why, where there are any.
  struct Appended {
    absl::Status status;
    std::vector<Entry> unwritten;
  };
  struct LogPage {
    std::vector<std::string> entries;  // the bytes, oldest first
    std::string next_cursor;           // empty: this was the last page
  };
  using AppendDone = absl::AnyInvocable<void(Appended)>;
  using ReadShardDone = absl::AnyInvocable<void(absl::StatusOr<LogPage>)>;
  using TrimDone = absl::AnyInvocable<void(absl::Status)>;

  virtual ~DecisionLog() = default;

  virtual void Append(absl::string_view tenant, std::vector<Entry> entries, absl::Time deadline, AppendDone done) = 0;

  // What was appended to a shard (0 to 255) at `since` or later, by the store's clock: a page of about half a megabyte
  // at most. Begin with the empty cursor. What is appended meanwhile may be read.
  virtual void ReadShard(absl::string_view tenant, int shard, absl::string_view cursor, absl::Time since,
                         absl::Time deadline, ReadShardDone done) = 0;

  // Drops what was appended before `not_before`, and of each shard that takes more than its part of `max_bytes` the
  // oldest entries, until it takes about an eighth less.
  virtual void Trim(absl::string_view tenant, absl::Time not_before, size_t max_bytes, absl::Time deadline,
                    TrimDone done) = 0;
};

inline constexpr int kLogShards = 256;
inline constexpr size_t kMaxLogEntryBytes = 64 * 1024;
inline constexpr size_t kMaxLogPageBytes = 512 * 1024;

inline int LogShardOf(uint64_t key) { return static_cast<int>(key >> 56); }

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_DECISION_LOG_H_
