#include "service/store/redis/recent_profiles.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "service/store/redis/keys.h"
#include "service/store/sealed.h"

namespace waymark::store {
namespace {

struct Kept {
  std::string value;
  absl::Time at;
};

// What an entry takes beside its key and value, about.
constexpr size_t kEntryBytes = 144;

rocksdb::Slice SliceOf(absl::string_view text) { return {text.data(), text.size()}; }

void DeleteKept(const rocksdb::Slice&, void* kept) { delete static_cast<Kept*>(kept); }

}  // namespace

RecentProfiles::RecentProfiles(size_t bytes, absl::Duration age) : cache_(rocksdb::NewLRUCache(bytes)), age_(age) {}

void RecentProfiles::Keep(absl::string_view key, absl::string_view value, absl::Time now) {
  if (value.empty()) return cache_->Erase(SliceOf(key));
  auto kept = std::make_unique<Kept>(Kept{std::string(value), now});
  // Where all room is taken by what is being looked at, it is deleted at once.
  cache_->Insert(SliceOf(key), kept.release(), key.size() + value.size() + kEntryBytes, DeleteKept)
      .PermitUncheckedError();
}

absl::optional<RecentProfile> RecentProfiles::Recall(absl::string_view key, absl::Time now) const {
  rocksdb::Cache::Handle* found = cache_->Lookup(SliceOf(key));
  if (found == nullptr) return absl::nullopt;
  const auto* kept = static_cast<const Kept*>(cache_->Value(found));
  absl::optional<RecentProfile> recent;
  if (now - kept->at <= age_) {
    absl::StatusOr<StoredProfile> stored = UnsealProfile(kept->value, OwnerAt(key));
    if (stored.ok()) recent = RecentProfile{*std::move(stored), kept->at};
  }
  cache_->Release(found);
  return recent;
}

}  // namespace waymark::store
