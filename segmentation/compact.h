#ifndef WAYMARK_SEGMENTATION_COMPACT_H_
#define WAYMARK_SEGMENTATION_COMPACT_H_

#include <cstddef>

#include "segmentation/profile.h"

namespace waymark::segmentation {

// An upper bound of the bytes that the profile takes at rest, as long as amounts stay below 10^9 whole units. O(traits
// + series).
size_t BoundBytes(const Profile& profile);

// Drops days of the ledger, the oldest of all event types first, until BoundBytes is at most `max_bytes` or no day but
// each type's newest is left; totals for ever stay. Counts what it drops in `compacted`. Contacts stay: limits are
// exact.
void Compact(Profile& profile, size_t max_bytes);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_COMPACT_H_
