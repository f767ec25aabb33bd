#include "service/store/redis/recent_profiles.h"

#include <iterator>
#include <utility>

#include "absl/status/statusor.h"
#include "service/store/redis/keys.h"
#include "service/store/sealed.h"

namespace waymark::store {
namespace {

// What an entry takes, with its place in the list and the table, about.
size_t BytesOf(absl::string_view key, absl::string_view value) { return key.size() + value.size() + 160; }

}  // namespace

void RecentProfiles::Keep(absl::string_view key, absl::string_view value, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    if (value.empty()) return Drop(found->second);
    Kept& kept = *found->second;
    bytes_ += value.size() - kept.value.size();
    kept.value.assign(value.data(), value.size());
    kept.at = now;
    order_.splice(order_.end(), order_, found->second);
  } else if (!value.empty()) {
    order_.push_back({std::string(key), std::string(value), now});
    by_key_.emplace(order_.back().key, std::prev(order_.end()));
    bytes_ += BytesOf(key, value);
  }
  while (bytes_ > max_bytes_) Drop(order_.begin());
}

void RecentProfiles::Drop(Order::iterator kept) {
  bytes_ -= BytesOf(kept->key, kept->value);
  by_key_.erase(kept->key);
  order_.erase(kept);
}

absl::optional<RecentProfile> RecentProfiles::Recall(absl::string_view key, absl::Time now) const {
  std::string value;
  absl::Time at;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end() || now - found->second->at > age_) return absl::nullopt;
    value = found->second->value;
    at = found->second->at;
  }
  absl::StatusOr<StoredProfile> stored = UnsealProfile(value, OwnerAt(key));
  if (!stored.ok()) return absl::nullopt;
  return RecentProfile{*std::move(stored), at};
}

}  // namespace waymark::store
