#ifndef WAYMARK_SERVICE_STORE_CHANGES_H_
#define WAYMARK_SERVICE_STORE_CHANGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/profile.h"

namespace waymark::store {

// Somebody's stored segments changed. A value.
struct MembershipChange {
  std::string customer;
  std::vector<segmentation::NameId> entered;  // ascending
  std::vector<segmentation::NameId> left;     // ascending
  uint64_t playbook_version = 0;              // that the segments are of now
  absl::Time stored_at;                       // by the machine's clock, in whole milliseconds

  friend bool operator==(const MembershipChange&, const MembershipChange&) = default;
};

// What the last change before a place of a feed was: its number, and a hash of its bytes. A store that lost its newest
// changes gives their numbers again, to others: the hash tells them apart.
struct ChangeCursor {
  static constexpr uint64_t kOldest = 0;  // before the oldest that is kept
  static constexpr uint64_t kEmpty = 1;   // before the first change ever: where a feed ends that is empty

  uint64_t number = kOldest;
  absl::optional<uint32_t> hash;  // absent: not checked, as in cursors given before there were hashes

  bool IsAfterAChange() const { return number > kEmpty; }
  // How many entries of the feed answer a read: the change of the cursor itself, where that is there, shows that
  // nothing after it was lost.
  size_t EntriesFor(size_t limit) const { return limit + (IsAfterAChange() ? 1 : 0); }

  friend bool operator==(const ChangeCursor&, const ChangeCursor&) = default;
};

// A place in a feed: one cursor for each of its parts.
using FeedCursor = std::vector<ChangeCursor>;

// A tenant's changes of membership: whoever writes a profile whose `derived.segments` are not the stored one's
// announces that in the same atomic write. A store may keep them in several parts; all of a customer are in one. Those
// of a part, and so those of a customer, come in the order in which they were stored; others about so. The newest
// 1,000,000 are kept, of each of n parts its newest 1,000,000 / n: at rest a change has the customer's id, 4 bytes for
// each segment entered or left, and some 20 bytes. So a tenant's are 100 MB where few segments change at once; 8.2 GB
// where each of them moves a customer between two thousand segments, a new playbook's thousand and the thousand before.
//
// As ProfileStore: every method returns at once and calls back exactly once, on any thread; thread-safe; the same
// errors.
class ChangeFeed {
 public:
  struct Changes {
    // Where to go on after the first `count` of the changes. Linear in the parts and in `count`.
    std::string CursorAfter(size_t count) const;
    std::string NextCursor() const { return CursorAfter(changes.size()); }

    std::vector<MembershipChange> changes;
    bool more = false;  // there may be further ones already

    // What cursors are made of: where this began, and beside the changes, what each moved on, and to where.
    struct Step {
      size_t part = 0;
      ChangeCursor after;
    };
    FeedCursor begin = FeedCursor(1);
    std::vector<Step> steps;
  };
  using ReadDone = absl::AnyInvocable<void(absl::StatusOr<Changes>)>;
  using EndDone = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  virtual ~ChangeFeed() = default;

  // The changes after a cursor, oldest first, at most `limit` (1 to 10,000). "0" is before the oldest that is kept; any
  // other cursor is one that the feed gave. OUT_OF_RANGE: changes after it were lost, because the feed went on for too
  // long or the store itself lost some; INVALID_ARGUMENT: the cursor is no feed's.
  virtual void Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline,
                    ReadDone done) = 0;

  // The cursor after the newest change; of an empty feed, before its first.
  virtual void End(absl::string_view tenant, absl::Time deadline, EndDone done) = 0;
};

// What the implementations share. Pure functions.

inline constexpr uint64_t kMaxChanges = 1'000'000;
inline constexpr int kMaxChangesRead = 10'000;

// What is to be announced where a profile takes another's place, encoded (waymark.storage.v1.MembershipChange); nullopt
// where the segments are the same.
absl::optional<std::string> AnnouncementOf(absl::string_view customer, const segmentation::Profile& before,
                                           const segmentation::Profile& after, absl::Time now);

// A change at its place. The changes of a tenant have consecutive numbers, so that a gap is seen; a feed that begins,
// or begins again after its store lost everything, does so at a number that is above those of before: the cursors of a
// lost feed are seen, too.
struct NumberedChange {
  uint64_t number = 0;
  absl::string_view bytes;
};

// Where a feed begins that is empty now: the time, with room for 2^20 changes a millisecond.
uint64_t FirstChangeNumber(absl::Time now);

// The text of a cursor. Of a feed of one part: "<number>.<hash>", where "0" and "1" stand for no change. Of several:
// "0" and "1" where that is so of every part, else a letter and base64 (waymark.storage.v1.FeedCursor): 17 bytes a part
// at most.
std::string FormatFeedCursor(const FeedCursor& cursor);
// INVALID_ARGUMENT: it is no such text; OUT_OF_RANGE: it is of a feed of another number of parts.
absl::StatusOr<FeedCursor> ParseFeedCursor(absl::string_view text, size_t parts);

// The cursor after the newest change of a part; nullopt: there is none.
ChangeCursor EndCursor(const absl::optional<NumberedChange>& newest);

// What a part answers to a read.
struct PartOfChanges {
  ChangeCursor begin;
  std::vector<MembershipChange> changes;
  std::vector<ChangeCursor> cursors;  // after each of them
  bool more = false;
};
// `found`: the first EntriesFor(limit) that the part has from the number of the cursor on, that one included, oldest
// first. OUT_OF_RANGE as of ChangeFeed::Read.
absl::StatusOr<PartOfChanges> ChangesAfter(const ChangeCursor& cursor, absl::Span<const NumberedChange> found,
                                           size_t limit);

// The answer to Read: of all parts, in their order, the oldest changes.
ChangeFeed::Changes Merged(std::vector<PartOfChanges> parts, size_t limit);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_CHANGES_H_
