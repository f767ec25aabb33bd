#ifndef WAYMARK_SERVICE_STORE_EMBEDDED_DECISION_RING_H_
#define WAYMARK_SERVICE_STORE_EMBEDDED_DECISION_RING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/store/decision_log.h"
#include "service/store/embedded/database.h"

namespace waymark::store {

// The shards of the decision log (DecisionLog), in the column family of decisions. What was appended to a shard at once
// is one value (some kilobytes at most), because RocksDB's work is by value. Its number is its time and a count; it
// begins with how many bytes were ever appended to its shard, itself included: so what a shard takes is seen from its
// first and its last value, also after a restart. Single-threaded: the log's thread.
class DecisionRing {
 public:
  // Borrows the database.
  explicit DecisionRing(Database& database) : database_(database) {}

  absl::Status Append(const std::string& tenant, const std::vector<DecisionLog::Entry>& entries, absl::Time now);
  absl::StatusOr<DecisionLog::LogPage> Read(const std::string& tenant, int shard, const std::string& cursor,
                                            absl::Time since) const;
  absl::Status Trim(const std::string& tenant, absl::Time not_before, size_t max_bytes);

 private:
  // How many bytes were ever appended to a shard of the tenant.
  absl::StatusOr<uint64_t> EndOf(const std::string& tenant, int shard);
  absl::Status TrimShard(const std::string& tenant, int shard, uint64_t first_number, uint64_t max_bytes);

  Database& database_;
  absl::flat_hash_map<std::pair<std::string, int>, uint64_t> ends_;  // of shards that were asked for
  uint64_t last_number_ = 0;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_EMBEDDED_DECISION_RING_H_
