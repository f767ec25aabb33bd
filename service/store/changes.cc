#include "service/store/changes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "segmentation/stable_hash.h"
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

// A feed begins at a number of which these bits are 0, as they are again after a million changes.
constexpr uint64_t kCountBits = (uint64_t{1} << 20) - 1;

uint32_t HashOf(absl::string_view bytes) { return static_cast<uint32_t>(segmentation::StableHash(bytes)); }

std::string CursorAfter(const NumberedChange& change) { return absl::StrCat(change.number, ".", HashOf(change.bytes)); }

template <typename Number>
bool ParseNumber(absl::string_view text, Number& number) {
  return absl::SimpleAtoi(text, &number) && absl::StrCat(number) == text;
}

bool IsOf(const ChangeCursor& cursor, const NumberedChange& change) {
  return change.number == cursor.number && cursor.hash.value_or(HashOf(change.bytes)) == HashOf(change.bytes);
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

uint64_t FirstChangeNumber(absl::Time now) { return static_cast<uint64_t>(absl::ToUnixMillis(now)) * (kCountBits + 1); }

absl::StatusOr<ChangeCursor> ParseChangeCursor(absl::string_view cursor) {
  const std::vector<absl::string_view> parts = absl::StrSplit(cursor, absl::MaxSplits('.', 1));
  ChangeCursor parsed;
  bool ok = ParseNumber(parts[0], parsed.number);
  if (parts.size() == 2) ok = ok && parsed.IsAfterAChange() && ParseNumber(parts[1], parsed.hash.emplace());
  if (!ok) return absl::InvalidArgumentError("not a cursor of the changes");
  return parsed;
}

std::string EndCursor(const absl::optional<NumberedChange>& newest) {
  return newest.has_value() ? CursorAfter(*newest) : absl::StrCat(ChangeCursor::kEmpty);
}

absl::StatusOr<ChangeFeed::Changes> ChangesAfter(const ChangeCursor& cursor, absl::Span<const NumberedChange> found) {
  ChangeFeed::Changes answer;
  answer.next_cursor = EndCursor(found.empty() ? absl::nullopt : absl::make_optional(found.back()));
  if (cursor.IsAfterAChange()) {
    if (found.empty() || !IsOf(cursor, found[0])) return Lost();
    found.remove_prefix(1);
  }
  // The first change ever is not there any more.
  if (cursor.number == ChangeCursor::kEmpty && !found.empty() && (found[0].number & kCountBits) != 0) return Lost();
  for (const NumberedChange& change : found) {
    absl::optional<MembershipChange> decoded = Decode(change.bytes);
    if (!decoded.has_value()) return Lost();
    answer.changes.push_back(*std::move(decoded));
    answer.cursors.push_back(CursorAfter(change));
  }
  return answer;
}

}  // namespace waymark::store
