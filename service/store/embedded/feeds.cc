#include "service/store/embedded/feeds.h"

#include <limits>
#include <utility>

#include "absl/time/clock.h"
#include "service/store/embedded/keys.h"

namespace waymark::store {
namespace {

// The newest number; 0: none.
absl::StatusOr<uint64_t> NewestOf(const Database& database, absl::string_view tenant) {
  const absl::StatusOr<std::string> last =
      database.LastBefore(Family::kChanges, ChangeKey(tenant, std::numeric_limits<uint64_t>::max()));
  if (absl::IsNotFound(last.status())) return 0;
  if (!last.ok()) return last.status();
  return ChangeNumberOf(tenant, *last).value_or(0);
}

// The oldest number that is kept; 0: none.
absl::StatusOr<uint64_t> OldestOf(const Database& database, absl::string_view tenant) {
  uint64_t oldest = 0;
  const absl::Status status =
      database.Walk(Family::kChanges, TenantPrefix(tenant), [&](absl::string_view key, absl::string_view) {
        oldest = ChangeNumberOf(tenant, key).value_or(0);
        return false;
      });
  if (!status.ok()) return status;
  return oldest;
}

}  // namespace

absl::StatusOr<ChangeFeed::Changes> ReadChanges(const Database& database, absl::string_view tenant,
                                                const ChangeCursor& cursor, size_t limit) {
  const size_t max_found = cursor.EntriesFor(limit);
  std::vector<std::pair<uint64_t, std::string>> values;
  const absl::Status status = database.Walk(Family::kChanges, ChangeKey(tenant, cursor.number),
                                            [&](absl::string_view key, absl::string_view value) {
                                              const absl::optional<uint64_t> number = ChangeNumberOf(tenant, key);
                                              if (!number.has_value() || values.size() == max_found) return false;
                                              values.emplace_back(*number, value);
                                              return true;
                                            });
  if (!status.ok()) return status;
  std::vector<NumberedChange> found;
  found.reserve(values.size());
  for (const auto& [number, value] : values) found.push_back({number, value});
  absl::StatusOr<PartOfChanges> part = ChangesAfter(cursor, found, limit);
  if (!part.ok()) return part.status();
  return Merged({*std::move(part)}, limit);
}

absl::StatusOr<std::string> EndOfChanges(const Database& database, absl::string_view tenant) {
  const absl::StatusOr<uint64_t> newest = NewestOf(database, tenant);
  if (!newest.ok()) return newest.status();
  ChangeCursor end = EndCursor(absl::nullopt);
  if (*newest == 0) return FormatFeedCursor({end});
  const absl::Status status =
      database.Walk(Family::kChanges, ChangeKey(tenant, *newest), [&](absl::string_view, absl::string_view value) {
        end = EndCursor(NumberedChange{*newest, value});
        return false;
      });
  if (!status.ok()) return status;
  return FormatFeedCursor({end});
}

absl::StatusOr<Feeds::Feed*> Feeds::FeedOf(absl::string_view tenant) {
  if (auto found = feeds_.find(tenant); found != feeds_.end()) return &found->second;
  const absl::StatusOr<uint64_t> oldest = OldestOf(database_, tenant);
  if (!oldest.ok()) return oldest.status();
  const absl::StatusOr<uint64_t> newest = NewestOf(database_, tenant);
  if (!newest.ok()) return newest.status();
  const uint64_t next = *newest == 0 ? FirstChangeNumber(absl::Now()) : *newest + 1;
  return &(feeds_[tenant] = {.first = *oldest == 0 ? next : *oldest, .next = next});
}

absl::Status Feeds::Append(rocksdb::WriteBatchWithIndex& batch, absl::string_view tenant,
                           absl::string_view announcement) {
  const absl::StatusOr<Feed*> feed = FeedOf(tenant);
  if (!feed.ok()) return feed.status();
  database_.Put(batch, Family::kChanges, ChangeKey(tenant, (*feed)->next + (*feed)->added), announcement);
  ++(*feed)->added;
  return absl::OkStatus();
}

void Feeds::Commit() {
  for (auto& [tenant, feed] : feeds_) {
    feed.next += std::exchange(feed.added, 0);
    if (feed.next - feed.first > max_changes_ + max_changes_ / 16) Cut(tenant, feed);
  }
}

void Feeds::Drop() {
  for (auto& [tenant, feed] : feeds_) feed.added = 0;
}

// Seldom, and many at once: a range costs one write. Where it fails, the next time.
void Feeds::Cut(absl::string_view tenant, Feed& feed) {
  const uint64_t first = feed.next - max_changes_;
  if (database_.DeleteRange(Family::kChanges, ChangeKey(tenant, 0), ChangeKey(tenant, first)).ok()) feed.first = first;
}

}  // namespace waymark::store
