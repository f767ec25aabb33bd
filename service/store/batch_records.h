#ifndef WAYMARK_SERVICE_STORE_BATCH_RECORDS_H_
#define WAYMARK_SERVICE_STORE_BATCH_RECORDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// The state of a look at everyone that workers of all replicas share. Values; waymark.storage.v1 says what they mean.
namespace waymark::store {

struct RunCounts {
  int64_t profiles = 0;  // looked at, the damaged included
  int64_t changed = 0;
  int64_t damaged = 0;
  std::vector<int64_t> members;    // beside the playbook's segments
  std::vector<int64_t> customers;  // beside its journeys' stages, one journey after the other
  std::string journeys;            // of a journey map; see journey_records.h

  friend bool operator==(const RunCounts&, const RunCounts&) = default;
};

struct RunClaim {
  uint64_t id = 0;
  std::string from;
  std::string until;  // empty: the end
  uint64_t worker = 0;
  absl::Time expires_at = absl::UnixEpoch();  // in whole milliseconds

  friend bool operator==(const RunClaim&, const RunClaim&) = default;
};

struct RunState {
  uint64_t id = 0;  // 0: there was no run yet
  uint64_t playbook_version = 0;
  uint64_t population_version = 0;
  std::string of;                        // of a journey map: what is counted
  absl::Time as_of = absl::UnixEpoch();  // the moment that is counted as of, in whole milliseconds
  std::string next;
  bool exhausted = false;
  std::vector<RunClaim> claims;
  uint64_t last_claim = 0;
  RunCounts counts;
  uint64_t finished_id = 0;  // 0: none
  absl::Time finished_as_of = absl::UnixEpoch();
  RunCounts finished_counts;

  friend bool operator==(const RunState&, const RunState&) = default;
};

// The bytes at rest. Decode: DATA_LOSS.
std::string EncodeRun(const RunState& run);
absl::StatusOr<RunState> DecodeRun(absl::string_view bytes);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_BATCH_RECORDS_H_
