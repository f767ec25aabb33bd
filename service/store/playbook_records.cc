#include "service/store/playbook_records.h"

#include <algorithm>

#include "absl/status/status.h"
#include "waymark/storage/v1/playbook.pb.h"

namespace waymark::store {
namespace {

constexpr size_t kMaxVersions = 1000;

}  // namespace

std::string EncodePlaybookHead(const PlaybookHead& head) {
  storage::v1::PlaybookHead message;
  for (size_t i = head.size() - std::min(head.size(), kMaxVersions); i < head.size(); ++i) {
    storage::v1::PlaybookVersion& version = *message.add_versions();
    version.set_version(head[i].version);
    version.set_applied_at_ms(absl::ToUnixMillis(head[i].applied_at));
    version.set_text_id(head[i].text_id);
  }
  return message.SerializeAsString();
}

absl::StatusOr<PlaybookHead> DecodePlaybookHead(absl::string_view bytes) {
  storage::v1::PlaybookHead message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("a playbook's list of versions cannot be decoded");
  }
  PlaybookHead head;
  for (const storage::v1::PlaybookVersion& version : message.versions()) {
    head.push_back({version.version(), absl::FromUnixMillis(version.applied_at_ms()), version.text_id()});
  }
  return head;
}

}  // namespace waymark::store
