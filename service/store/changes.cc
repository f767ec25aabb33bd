#include "service/store/changes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
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

ChangeCursor CursorAfter(const NumberedChange& change) { return {change.number, HashOf(change.bytes)}; }

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

absl::Status NoCursor() { return absl::InvalidArgumentError("not a cursor of the changes"); }

// What the cursors of several parts begin with.
constexpr char kPartsLetter = 'p';

bool IsPlain(const FeedCursor& cursor) {
  return !cursor[0].IsAfterAChange() &&
         std::all_of(cursor.begin(), cursor.end(), [&](const ChangeCursor& part) { return part == cursor[0]; });
}

absl::optional<ChangeCursor> ParseOne(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('.', 1));
  ChangeCursor cursor;
  if (!ParseNumber(parts[0], cursor.number)) return absl::nullopt;
  if (parts.size() == 2 && !(cursor.IsAfterAChange() && ParseNumber(parts[1], cursor.hash.emplace()))) {
    return absl::nullopt;
  }
  return cursor;
}

absl::optional<FeedCursor> ParseParts(absl::string_view base64) {
  std::string bytes;
  storage::v1::FeedCursor message;
  if (!absl::WebSafeBase64Unescape(base64, &bytes) || !message.ParseFromString(bytes)) return absl::nullopt;
  FeedCursor cursor;
  int hashes = 0;
  for (uint64_t number : message.numbers()) {
    ChangeCursor& part = cursor.emplace_back(ChangeCursor{.number = number});
    if (!part.IsAfterAChange()) continue;
    if (hashes == message.hashes_size()) return absl::nullopt;
    part.hash = message.hashes(hashes++);
  }
  if (cursor.empty() || hashes != message.hashes_size()) return absl::nullopt;
  return cursor;
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

std::string FormatFeedCursor(const FeedCursor& cursor) {
  if (cursor.size() == 1 || IsPlain(cursor)) {
    const std::string number = absl::StrCat(cursor[0].number);
    return cursor[0].hash.has_value() ? absl::StrCat(number, ".", *cursor[0].hash) : number;
  }
  storage::v1::FeedCursor message;
  for (const ChangeCursor& part : cursor) {
    message.add_numbers(part.number);
    if (part.IsAfterAChange()) message.add_hashes(part.hash.value_or(0));
  }
  return absl::StrCat(absl::string_view(&kPartsLetter, 1), absl::WebSafeBase64Escape(message.SerializeAsString()));
}

absl::StatusOr<FeedCursor> ParseFeedCursor(absl::string_view text, size_t parts) {
  if (absl::ConsumePrefix(&text, absl::string_view(&kPartsLetter, 1))) {
    const absl::optional<FeedCursor> cursor = ParseParts(text);
    if (!cursor.has_value()) return NoCursor();
    if (cursor->size() != parts) return Lost();
    return *cursor;
  }
  const absl::optional<ChangeCursor> cursor = ParseOne(text);
  if (!cursor.has_value()) return NoCursor();
  if (parts > 1 && cursor->IsAfterAChange()) return Lost();
  return FeedCursor(parts, *cursor);
}

ChangeCursor EndCursor(const absl::optional<NumberedChange>& newest) {
  return newest.has_value() ? CursorAfter(*newest) : ChangeCursor{.number = ChangeCursor::kEmpty};
}

absl::StatusOr<PartOfChanges> ChangesAfter(const ChangeCursor& cursor, absl::Span<const NumberedChange> found,
                                           size_t limit) {
  PartOfChanges answer{.begin = cursor};
  if (cursor.IsAfterAChange()) {
    if (found.empty() || !IsOf(cursor, found[0])) return Lost();
    answer.begin = CursorAfter(found[0]);
    found.remove_prefix(1);
  } else if (found.empty()) {
    answer.begin = EndCursor(absl::nullopt);
  }
  // The first change ever is not there any more.
  if (cursor.number == ChangeCursor::kEmpty && !found.empty() && (found[0].number & kCountBits) != 0) return Lost();
  answer.more = found.size() >= limit;
  for (const NumberedChange& change : found) {
    absl::optional<MembershipChange> decoded = Decode(change.bytes);
    if (!decoded.has_value()) return Lost();
    answer.changes.push_back(*std::move(decoded));
    answer.cursors.push_back(CursorAfter(change));
  }
  return answer;
}

ChangeFeed::Changes Merged(std::vector<PartOfChanges> parts, size_t limit) {
  struct Place {
    absl::Time at;  // not before the one that is before it in its part, whatever the writers' clocks said
    size_t part;
    size_t index;
  };
  ChangeFeed::Changes answer;
  answer.begin.clear();
  std::vector<Place> places;
  for (size_t part = 0; part < parts.size(); ++part) {
    answer.begin.push_back(parts[part].begin);
    answer.more = answer.more || parts[part].more;
    absl::Time at = absl::InfinitePast();
    for (size_t i = 0; i < parts[part].changes.size(); ++i) {
      at = std::max(at, parts[part].changes[i].stored_at);
      places.push_back({at, part, i});
    }
  }
  std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.at < b.at; });
  if (places.size() > limit) {
    places.resize(limit);
    answer.more = true;
  }
  for (const Place& place : places) {
    answer.changes.push_back(std::move(parts[place.part].changes[place.index]));
    answer.steps.push_back({place.part, parts[place.part].cursors[place.index]});
  }
  return answer;
}

std::string ChangeFeed::Changes::CursorAfter(size_t count) const {
  FeedCursor cursor = begin;
  for (size_t i = 0; i < count; ++i) cursor[steps[i].part] = steps[i].after;
  return FormatFeedCursor(cursor);
}

}  // namespace waymark::store
