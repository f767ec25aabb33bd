#ifndef WAYMARK_SERVICE_STORE_PLAYBOOK_RECORDS_H_
#define WAYMARK_SERVICE_STORE_PLAYBOOK_RECORDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark::store {

// One applied version of a playbook; its text is in a record of its own.
struct PlaybookVersion {
  uint64_t version = 0;
  absl::Time applied_at;
  std::string text_id;

  friend bool operator==(const PlaybookVersion&, const PlaybookVersion&) = default;
};

// A tenant's versions, oldest first; the last is the current one.
using PlaybookHead = std::vector<PlaybookVersion>;

// The bytes at rest of a head (waymark.storage.v1.PlaybookHead). Decode: DATA_LOSS.
std::string EncodePlaybookHead(const PlaybookHead& head);
absl::StatusOr<PlaybookHead> DecodePlaybookHead(absl::string_view bytes);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_PLAYBOOK_RECORDS_H_
