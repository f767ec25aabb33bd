#include "service/store/batch_records.h"

#include "absl/status/status.h"
#include "waymark/storage/v1/batch.pb.h"

namespace waymark::store {

std::string EncodeResegmentCursor(const ResegmentCursor& cursor) {
  storage::v1::ResegmentCursor message;
  message.set_playbook_version(cursor.playbook_version);
  message.set_next(cursor.next);
  message.set_profiles(cursor.profiles);
  message.set_changed(cursor.changed);
  message.set_damaged(cursor.damaged);
  message.mutable_members()->Add(cursor.members.begin(), cursor.members.end());
  message.mutable_customers()->Add(cursor.customers.begin(), cursor.customers.end());
  return message.SerializeAsString();
}

absl::StatusOr<ResegmentCursor> DecodeResegmentCursor(absl::string_view bytes) {
  storage::v1::ResegmentCursor message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("the cursor of a re-segmentation cannot be decoded");
  }
  return ResegmentCursor{.playbook_version = message.playbook_version(),
                         .next = message.next(),
                         .profiles = message.profiles(),
                         .changed = message.changed(),
                         .damaged = message.damaged(),
                         .members = {message.members().begin(), message.members().end()},
                         .customers = {message.customers().begin(), message.customers().end()}};
}

}  // namespace waymark::store
