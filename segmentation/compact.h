#ifndef WAYMARK_SEGMENTATION_COMPACT_H_
#define WAYMARK_SEGMENTATION_COMPACT_H_

#include <cstddef>

#include "segmentation/profile.h"

namespace waymark::segmentation {

// An upper bound of the bytes that the profile takes at rest, as long as amounts stay below 10^9 whole units. O(traits
// + series + touches).
size_t BoundBytes(const Profile& profile);

// Drops the oldest touches beyond 64, then days of the ledger, then hours, the oldest of all event types first (each
// type keeps its newest), then the oldest event ids, then the other touches, until BoundBytes is at most `max_bytes`.
// Contacts and outcomes stay, because limits are exact, and so do totals for ever, as long as there are not hundreds of
// types and labels: at last the series whose last event is the longest ago go. Counts what it drops in `compacted`. A
// late event may add to a day that was dropped: then it is in the total and in that day, which lacks what was dropped;
// so a window that reaches back to what was dropped counts too little, never too much.
void Compact(Profile& profile, size_t max_bytes);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_COMPACT_H_
