#ifndef WAYMARK_SERVICE_STORE_BATCH_RECORDS_H_
#define WAYMARK_SERVICE_STORE_BATCH_RECORDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace waymark::store {

// How far a re-segmentation of one tenant is.
struct ResegmentCursor {
  uint64_t playbook_version = 0;
  std::string next;  // the next page's cursor; empty: done
  int64_t profiles = 0;
  int64_t changed = 0;
  int64_t damaged = 0;
  std::vector<int64_t> members;    // beside the playbook's segments
  std::vector<int64_t> customers;  // beside its journeys' stages, one journey after the other

  friend bool operator==(const ResegmentCursor&, const ResegmentCursor&) = default;
};

// The bytes at rest (waymark.storage.v1.ResegmentCursor). Decode: DATA_LOSS.
std::string EncodeResegmentCursor(const ResegmentCursor& cursor);
absl::StatusOr<ResegmentCursor> DecodeResegmentCursor(absl::string_view bytes);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_BATCH_RECORDS_H_
