#ifndef WAYMARK_SERVICE_STORE_BATCH_RECORDS_H_
#define WAYMARK_SERVICE_STORE_BATCH_RECORDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// The state of a re-segmentation. Values; waymark.storage.v1 says what they mean.
namespace waymark::store {

struct ResegmentCounts {
  int64_t profiles = 0;  // derived, the damaged included
  int64_t changed = 0;
  int64_t damaged = 0;
  std::vector<int64_t> members;    // beside the playbook's segments
  std::vector<int64_t> customers;  // beside its journeys' stages, one journey after the other

  friend bool operator==(const ResegmentCounts&, const ResegmentCounts&) = default;
};

struct ResegmentClaim {
  uint64_t id = 0;
  std::string from;
  std::string until;  // empty: the end
  uint64_t worker = 0;
  absl::Time expires_at = absl::UnixEpoch();  // in whole milliseconds

  friend bool operator==(const ResegmentClaim&, const ResegmentClaim&) = default;
};

struct ResegmentRun {
  uint64_t id = 0;  // 0: there was no run yet
  uint64_t playbook_version = 0;
  uint64_t population_version = 0;
  std::string next;
  bool exhausted = false;
  std::vector<ResegmentClaim> claims;
  uint64_t last_claim = 0;
  ResegmentCounts counts;
  uint64_t finished_id = 0;  // 0: none
  ResegmentCounts finished_counts;

  friend bool operator==(const ResegmentRun&, const ResegmentRun&) = default;
};

// The bytes at rest. Decode: DATA_LOSS.
std::string EncodeResegmentRun(const ResegmentRun& run);
absl::StatusOr<ResegmentRun> DecodeResegmentRun(absl::string_view bytes);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_BATCH_RECORDS_H_
