#include "service/store/changes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "waymark/storage/v1/batch.pb.h"

namespace waymark::store {
namespace {

using segmentation::NameId;
using NameIds = google::protobuf::RepeatedField<uint32_t>;

void AddMinus(const std::vector<NameId>& a, const std::vector<NameId>& b, NameIds& ids) {
  std::vector<NameId> left;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(left));
  for (NameId id : left) ids.Add(static_cast<uint32_t>(id));
}

std::vector<NameId> NameIdsOf(const NameIds& ids) {
  std::vector<NameId> names;
  for (uint32_t id : ids) names.push_back(NameId{id});
  return names;
}

absl::optional<MembershipChange> Decode(absl::string_view bytes) {
  storage::v1::MembershipChange message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return absl::nullopt;
  return MembershipChange{.customer = message.customer(),
                          .entered = NameIdsOf(message.entered()),
                          .left = NameIdsOf(message.left()),
                          .playbook_version = message.playbook_version(),
                          .stored_at = absl::FromUnixMillis(message.stored_at_ms())};
}

absl::Status Lost() {
  return absl::OutOfRangeError("changes after this cursor are not kept any more: list the members, and watch from now");
}

}  // namespace

absl::optional<std::string> AnnouncementOf(absl::string_view customer, const segmentation::Profile& before,
                                           const segmentation::Profile& after, absl::Time now) {
  if (before.derived.segments == after.derived.segments) return absl::nullopt;
  storage::v1::MembershipChange message;
  message.set_customer(std::string(customer));
  AddMinus(after.derived.segments, before.derived.segments, *message.mutable_entered());
  AddMinus(before.derived.segments, after.derived.segments, *message.mutable_left());
  message.set_playbook_version(after.derived.playbook_version);
  message.set_stored_at_ms(absl::ToUnixMillis(now));
  return message.SerializeAsString();
}

uint64_t FirstChangeNumber(absl::Time now) { return static_cast<uint64_t>(absl::ToUnixMillis(now)) << 20; }

absl::StatusOr<uint64_t> ParseChangeCursor(absl::string_view cursor) {
  uint64_t number = 0;
  if (!absl::SimpleAtoi(cursor, &number) || absl::StrCat(number) != cursor) {
    return absl::InvalidArgumentError("not a cursor of the changes");
  }
  return number;
}

absl::StatusOr<ChangeFeed::Changes> ChangesAfter(uint64_t cursor, absl::Span<const NumberedChange> found) {
  if (cursor != 0) {
    if (found.empty() || found[0].number > cursor + 1) return Lost();
    if (found[0].number == cursor) found.remove_prefix(1);
  }
  ChangeFeed::Changes answer;
  for (const NumberedChange& change : found) {
    absl::optional<MembershipChange> decoded = Decode(change.bytes);
    if (!decoded.has_value()) return Lost();
    answer.changes.push_back(*std::move(decoded));
  }
  answer.next_cursor = absl::StrCat(found.empty() ? cursor : found.back().number);
  return answer;
}

}  // namespace waymark::store
