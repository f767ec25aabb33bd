#ifndef WAYMARK_SERVICE_STORE_EMBEDDED_FEEDS_H_
#define WAYMARK_SERVICE_STORE_EMBEDDED_FEEDS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/store/changes.h"
#include "service/store/embedded/database.h"

namespace waymark::store {

// The changes after a cursor (ChangeFeed::Read), and the cursor after the newest (ChangeFeed::End). Thread-safe.
absl::StatusOr<ChangeFeed::Changes> ReadChanges(const Database& database, absl::string_view tenant,
                                                const ChangeCursor& cursor, size_t limit);
absl::StatusOr<std::string> EndOfChanges(const Database& database, absl::string_view tenant);

// Where each tenant's feed is, as the writer appends to it and cuts what is too old. Single-threaded: the writer's
// thread.
class Feeds {
 public:
  // Borrows the database.
  Feeds(Database& database, uint64_t max_changes) : database_(database), max_changes_(max_changes) {}

  // Adds an announcement to the batch, which is to be committed or dropped before the next batch begins.
  absl::Status Append(rocksdb::WriteBatchWithIndex& batch, absl::string_view tenant, absl::string_view announcement);

  // The batch is on disk: its changes are of the feeds now, and what is too old is cut.
  void Commit();
  // The batch is not: the next one takes its numbers.
  void Drop();

 private:
  struct Feed {
    uint64_t first = 0;  // the oldest number that is kept
    uint64_t next = 0;   // the number after the newest
    uint64_t added = 0;  // by the batch
  };

  absl::StatusOr<Feed*> FeedOf(absl::string_view tenant);
  void Cut(absl::string_view tenant, Feed& feed);

  Database& database_;
  const uint64_t max_changes_;
  absl::flat_hash_map<std::string, Feed> feeds_;  // those that were written to
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_EMBEDDED_FEEDS_H_
