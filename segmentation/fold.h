#ifndef WAYMARK_SEGMENTATION_FOLD_H_
#define WAYMARK_SEGMENTATION_FOLD_H_

#include "absl/time/time.h"
#include "segmentation/event.h"
#include "segmentation/profile.h"

namespace waymark::segmentation {

// An event id is remembered for this long after it was received (and at most Profile::kMaxSeenEvents of them).
inline constexpr absl::Duration kSeenFor = absl::Hours(24 * 7);

// Contacts are kept as long as the longest window a limit may have.
inline constexpr absl::Duration kContactsFor = absl::Hours(24 * 400);

// Contacts that count nowhere, for retries alone.
inline constexpr absl::Duration kUncountedFor = absl::Hours(24);

// Outcomes are kept as long as a suppression may look back for several of them, and then lasts.
inline constexpr absl::Duration kOutcomesFor = absl::Hours(24 * 800);

// The newest sentiment of a profile's scores goes by this name.
inline const NameId kSentiment = NameIdOf("sentiment");

// Drops the oldest touches, and those of the same moment with them; `trail.from` says so.
void ForgetTouches(Profile& profile, size_t count);

// Whether an event of this id was recorded before.
bool IsDuplicate(const Profile& profile, const Event& event);

// Adds the event to the profile. Returns false, and changes nothing, where its id was seen before. `now` is when the
// event was received. Late events land at their own time.
bool Fold(Profile& profile, const Event& event, absl::Time now);

// Drops what no answer needs any more from `now` on: ids, contacts, outcomes and hours that are older than they are
// promised to be kept. Fold does so too; this is for customers of whom nothing is heard. O(profile).
void ForgetExpired(Profile& profile, absl::Time now);

// Whether there are such ids, contacts or outcomes: whether it is worth a write. O(contacts).
bool HasExpired(const Profile& profile, absl::Time now);

// Adds a contact, once for each decision, action and channel, and keeps the bounds. `now` bounds what is kept.
void AddContact(Profile& profile, const Contact& contact, absl::Time now);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_FOLD_H_
