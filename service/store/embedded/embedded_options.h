#ifndef WAYMARK_SERVICE_STORE_EMBEDDED_EMBEDDED_OPTIONS_H_
#define WAYMARK_SERVICE_STORE_EMBEDDED_EMBEDDED_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "service/store/changes.h"

namespace rocksdb {
class Env;
}

namespace waymark::store {

struct EmbeddedOptions {
  // What is read stays in memory up to so many bytes.
  size_t block_cache_bytes = 64 * 1024 * 1024;

  // Profiles that were read or written lately stay in memory, too, up to so many bytes.
  size_t profile_cache_bytes = 64 * 1024 * 1024;

  // Updates that wait to be written; more are refused with RESOURCE_EXHAUSTED. Likewise the scans that wait to be read.
  size_t max_queued = 100'000;

  // Changes of membership that are kept for each tenant; a sixteenth more may be.
  uint64_t max_changes = kMaxChanges;

  // After a write failed, how often it is tried whether the disk takes writes again.
  absl::Duration resume_interval = absl::Seconds(1);

  // The file system. It must outlive the store; nullptr: the machine's.
  rocksdb::Env* env = nullptr;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_EMBEDDED_EMBEDDED_OPTIONS_H_
