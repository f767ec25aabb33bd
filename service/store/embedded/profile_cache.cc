#include "service/store/embedded/profile_cache.h"

#include <string>

#include "absl/hash/hash.h"

namespace waymark::store {
namespace {

// What an entry takes beside its key and value, about.
constexpr size_t kEntryBytes = 128;

void DeleteValue(const rocksdb::Slice&, void* value) { delete static_cast<std::string*>(value); }

}  // namespace

ProfileCache::ProfileCache(const Database& database, size_t bytes)
    : database_(database), cache_(rocksdb::NewLRUCache(bytes)) {}

absl::Status ProfileCache::Get(absl::string_view key, absl::FunctionRef<void(absl::string_view value)> look) {
  if (rocksdb::Cache::Handle* found = cache_->Lookup(SliceOf(key)); found != nullptr) {
    look(*static_cast<const std::string*>(cache_->Value(found)));
    cache_->Release(found);
    return absl::OkStatus();
  }
  Stripe& stripe = StripeOf(key);
  uint64_t writes = 0;
  {
    absl::MutexLock lock(&stripe.mutex);
    writes = stripe.writes;
  }
  rocksdb::PinnableSlice value;
  if (absl::Status status = database_.Get(Family::kProfiles, key, value); !status.ok()) return status;
  {
    absl::MutexLock lock(&stripe.mutex);
    if (stripe.writes == writes) Keep(key, ViewOf(value));
  }
  look(ViewOf(value));
  return absl::OkStatus();
}

void ProfileCache::Written(absl::string_view key, absl::string_view value) {
  Stripe& stripe = StripeOf(key);
  absl::MutexLock lock(&stripe.mutex);
  ++stripe.writes;
  Keep(key, value);
}

void ProfileCache::Forget(absl::string_view key) {
  Stripe& stripe = StripeOf(key);
  absl::MutexLock lock(&stripe.mutex);
  ++stripe.writes;
  cache_->Erase(SliceOf(key));
}

ProfileCache::Stripe& ProfileCache::StripeOf(absl::string_view key) {
  return stripes_[absl::HashOf(key) % stripes_.size()];
}

void ProfileCache::Keep(absl::string_view key, absl::string_view value) {
  auto kept = std::make_unique<std::string>(value);
  const size_t bytes = key.size() + value.size() + kEntryBytes;
  // Where all room is taken by what is being looked at, the value is deleted at once, and one that was there stays.
  cache_->Erase(SliceOf(key));
  cache_->Insert(SliceOf(key), kept.release(), bytes, DeleteValue).PermitUncheckedError();
}

}  // namespace waymark::store
