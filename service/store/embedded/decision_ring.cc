#include "service/store/embedded/decision_ring.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "service/store/embedded/keys.h"

namespace waymark::store {
namespace {

constexpr size_t kEndBytes = 8;
constexpr size_t kLengthBytes = 4;
// What one value takes at most, beyond its first entry.
constexpr size_t kMaxValueBytes = 8 * 1024;
constexpr uint64_t kMaxNumber = std::numeric_limits<uint64_t>::max();

// The first number of a millisecond, with room for 2^20 entries.
uint64_t FirstNumberAt(absl::Time time) {
  const int64_t millis = std::clamp(absl::ToUnixMillis(time), int64_t{0}, (int64_t{1} << 43) - 1);
  return static_cast<uint64_t>(millis) << 20;
}

// What is counted of a value: it and its key.
uint64_t BytesOf(absl::string_view tenant, size_t body_bytes) {
  return tenant.size() + 2 + sizeof(uint64_t) + kEndBytes + body_bytes;
}

// Appends an entry to a value's body: its length, in four bytes, and its bytes.
void AppendEntry(absl::string_view bytes, std::string& body) {
  for (int shift = 24; shift >= 0; shift -= 8) body.push_back(static_cast<char>(bytes.size() >> shift));
  absl::StrAppend(&body, bytes);
}

// Takes the first entry off a body; nullopt where there is none any more.
absl::optional<absl::string_view> TakeEntry(absl::string_view& body) {
  if (body.size() < kLengthBytes) return absl::nullopt;
  size_t length = 0;
  for (char byte : body.substr(0, kLengthBytes)) length = length << 8 | static_cast<uint8_t>(byte);
  body.remove_prefix(kLengthBytes);
  const absl::string_view entry = body.substr(0, length);
  body.remove_prefix(entry.size());
  return entry;
}

}  // namespace

absl::StatusOr<uint64_t> DecisionRing::EndOf(const std::string& tenant, int shard) {
  if (auto known = ends_.find({tenant, shard}); known != ends_.end()) return known->second;
  uint64_t end = 0;
  const absl::StatusOr<std::string> last = database_.LastBefore(Family::kDecisions, LogKey(tenant, shard, kMaxNumber));
  if (!last.ok() && !absl::IsNotFound(last.status())) return last.status();
  if (last.ok() && LogNumberOf(tenant, shard, *last).has_value()) {
    rocksdb::PinnableSlice value;
    if (absl::Status status = database_.Get(Family::kDecisions, *last, value); !status.ok()) return status;
    if (value.size() >= kEndBytes) end = FromBigEndian(ViewOf(value).substr(0, kEndBytes));
  }
  ends_[{tenant, shard}] = end;
  return end;
}

absl::Status DecisionRing::Append(const std::string& tenant, const std::vector<DecisionLog::Entry>& entries,
                                  absl::Time now) {
  // Those of a shard together, each in the order in which it came.
  std::vector<const DecisionLog::Entry*> sorted;
  sorted.reserve(entries.size());
  for (const DecisionLog::Entry& entry : entries) sorted.push_back(&entry);
  const auto shard_of = [](const DecisionLog::Entry* entry) { return LogShardOf(entry->key); };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto* a, const auto* b) { return shard_of(a) < shard_of(b); });
  rocksdb::WriteBatch batch;
  absl::flat_hash_map<int, uint64_t> ends;
  for (size_t i = 0; i < sorted.size();) {
    const int shard = shard_of(sorted[i]);
    const absl::StatusOr<uint64_t> before = EndOf(tenant, shard);
    if (!before.ok()) return before.status();
    std::string body;
    for (; i < sorted.size() && shard_of(sorted[i]) == shard && body.size() < kMaxValueBytes; ++i)
      AppendEntry(sorted[i]->bytes, body);
    uint64_t& end = ends.try_emplace(shard, *before).first->second;
    end += BytesOf(tenant, body.size());
    last_number_ = std::max(last_number_ + 1, FirstNumberAt(now));
    database_.Put(batch, Family::kDecisions, LogKey(tenant, shard, last_number_), absl::StrCat(BigEndian(end), body));
  }
  if (absl::Status status = database_.WriteUnsynced(batch); !status.ok()) {
    // Nobody else may be writing who would find out that the disk takes writes again.
    database_.Resume().IgnoreError();
    return status;
  }
  for (const auto& [shard, end] : ends) ends_[{tenant, shard}] = end;
  return absl::OkStatus();
}

absl::StatusOr<DecisionLog::LogPage> DecisionRing::Read(const std::string& tenant, int shard, const std::string& cursor,
                                                        absl::Time since) const {
  if (!cursor.empty() && cursor.size() != sizeof(uint64_t))
    return absl::InvalidArgumentError("not a cursor of the decision log");
  const uint64_t first = cursor.empty() ? FirstNumberAt(since) : FromBigEndian(cursor) + 1;
  DecisionLog::LogPage page;
  size_t bytes = 0;
  uint64_t last = 0;
  absl::Status status = database_.Walk(Family::kDecisions, LogKey(tenant, shard, first),
                                       [&](absl::string_view key, absl::string_view value) {
                                         const absl::optional<uint64_t> number = LogNumberOf(tenant, shard, key);
                                         if (!number.has_value()) return false;
                                         if (bytes > 0 && bytes + value.size() > kMaxLogPageBytes) {
                                           page.next_cursor = BigEndian(last);
                                           return false;
                                         }
                                         bytes += value.size();
                                         last = *number;
                                         absl::string_view body = value.substr(std::min(kEndBytes, value.size()));
                                         while (const auto entry = TakeEntry(body)) page.entries.emplace_back(*entry);
                                         return true;
                                       });
  if (!status.ok()) return status;
  return page;
}

absl::Status DecisionRing::Trim(const std::string& tenant, absl::Time not_before, size_t max_bytes) {
  for (int shard = 0; shard < kLogShards; ++shard) {
    absl::Status status = TrimShard(tenant, shard, FirstNumberAt(not_before), max_bytes / kLogShards);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status DecisionRing::TrimShard(const std::string& tenant, int shard, uint64_t first_number, uint64_t max_bytes) {
  const absl::StatusOr<uint64_t> end = EndOf(tenant, shard);
  if (!end.ok()) return end.status();
  uint64_t cut = first_number;      // the first number that stays
  absl::optional<uint64_t> oldest;  // the first number that is there
  uint64_t kept_from = 0;           // values that begin before these bytes go, too
  absl::Status status =
      database_.Walk(Family::kDecisions, LogKey(tenant, shard, 0), [&](absl::string_view key, absl::string_view value) {
        const absl::optional<uint64_t> number = LogNumberOf(tenant, shard, key);
        if (!number.has_value() || value.size() < kEndBytes) return false;
        const uint64_t begin = FromBigEndian(value.substr(0, kEndBytes)) - BytesOf(tenant, value.size() - kEndBytes);
        if (!oldest.has_value()) {
          oldest = number;
          if (*end - begin > max_bytes) kept_from = *end - max_bytes + max_bytes / 8;
        }
        if (begin >= kept_from) return false;
        cut = std::max(cut, *number + 1);
        return true;
      });
  if (!status.ok()) return status;
  if (!oldest.has_value() || *oldest >= cut) return absl::OkStatus();
  return database_.DeleteRange(Family::kDecisions, LogKey(tenant, shard, 0), LogKey(tenant, shard, cut));
}

}  // namespace waymark::store
