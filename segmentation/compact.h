#ifndef WAYMARK_SEGMENTATION_COMPACT_H_
#define WAYMARK_SEGMENTATION_COMPACT_H_

#include <cstddef>

#include "segmentation/profile.h"

namespace waymark::segmentation {

// An upper bound of the bytes that the profile takes at rest, as long as amounts stay below 10^9 whole units. O(traits
// + series).
size_t BoundBytes(const Profile& profile);

// Drops days of the ledger, then hours, the oldest of all event types first (each type keeps its newest), then the
// oldest event ids, until BoundBytes is at most `max_bytes`. Totals for ever stay, and so do contacts, because limits
// are exact. Counts what it drops in `compacted`.
void Compact(Profile& profile, size_t max_bytes);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_COMPACT_H_
