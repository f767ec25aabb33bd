#ifndef WAYMARK_SERVICE_STORE_EMBEDDED_PROFILE_CACHE_H_
#define WAYMARK_SERVICE_STORE_EMBEDDED_PROFILE_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "rocksdb/cache.h"
#include "service/store/embedded/database.h"

namespace waymark::store {

// The stored values of profiles that were read or written lately, by key. Somebody who does one thing does the next one
// soon, and a search in RocksDB's memtable, where each change of a profile is one more entry, costs 3 us; this 0.3.
//
// What it gives has been on disk, and is never older than what a finished write said. Thread-safe.
class ProfileCache {
 public:
  // `database` must outlive it.
  ProfileCache(const Database& database, size_t bytes);

  // Calls `look` with the value; NOT_FOUND where there is none. May wait for the disk where the value is not here.
  absl::Status Get(absl::string_view key, absl::FunctionRef<void(absl::string_view value)> look);

  // What the database has now, after a write, and before anybody is told of it.
  void Written(absl::string_view key, absl::string_view value);
  // It is not known what the database has: a write failed.
  void Forget(absl::string_view key);

 private:
  // Some of the keys: how many writes of theirs there were, so that what was read before one is not kept after it.
  struct Stripe {
    absl::Mutex mutex;
    uint64_t writes ABSL_GUARDED_BY(mutex) = 0;
  };

  Stripe& StripeOf(absl::string_view key);
  void Keep(absl::string_view key, absl::string_view value);

  const Database& database_;
  const std::shared_ptr<rocksdb::Cache> cache_;
  std::array<Stripe, 64> stripes_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_EMBEDDED_PROFILE_CACHE_H_
