#ifndef WAYMARK_SERVICE_STORE_CHANGES_H_
#define WAYMARK_SERVICE_STORE_CHANGES_H_

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

// A tenant's changes of membership, in the order in which they were stored: whoever writes a profile whose
// `derived.segments` are not the stored one's announces that in the same atomic write. The newest 1,000,000 are kept.
//
// As ProfileStore: every method returns at once and calls back exactly once, on any thread; thread-safe; the same
// errors.
class ChangeFeed {
 public:
  struct Changes {
    std::vector<MembershipChange> changes;
    std::string next_cursor;  // where to go on
  };
  using ReadDone = absl::AnyInvocable<void(absl::StatusOr<Changes>)>;
  using EndDone = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  virtual ~ChangeFeed() = default;

  // The changes after a cursor, oldest first, at most `limit` (1 to 10,000). "0" is before the oldest that is kept; any
  // other cursor is one that the feed gave. OUT_OF_RANGE: changes after it were lost, because the feed went on for too
  // long or the store itself lost some; INVALID_ARGUMENT: the cursor is no feed's.
  virtual void Read(absl::string_view tenant, absl::string_view cursor, int limit, absl::Time deadline,
                    ReadDone done) = 0;

  // The cursor after the newest change.
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

// The number that a cursor stands for, of the last change before it; 0: before the oldest.
absl::StatusOr<uint64_t> ParseChangeCursor(absl::string_view cursor);

// The answer to Read. `found`: what the feed has from the number `cursor` on, that one included, oldest first, at most
// one more than the limit.
absl::StatusOr<ChangeFeed::Changes> ChangesAfter(uint64_t cursor, absl::Span<const NumberedChange> found);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_CHANGES_H_
