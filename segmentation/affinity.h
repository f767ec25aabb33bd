#ifndef WAYMARK_SEGMENTATION_AFFINITY_H_
#define WAYMARK_SEGMENTATION_AFFINITY_H_

#include "absl/time/time.h"
#include "segmentation/profile.h"

namespace waymark::segmentation {

// What a customer is drawn to: for each label and channel, how many events, each counting half as much for every 30
// days that it is ago.
//
// Forward decay (Cormode, Shkapenyuk, Srivastava & Xu, ICDE 2009): the sum of 2^(t_i / 30 days) is kept, which does not
// depend on now, and so neither on when an event arrives nor in which order. It is kept as its logarithm, in whole
// steps of 2^-16: each event may be off by half a step, 0.0005 % of the affinity, so an event that would add less (17
// half-lives, 525 days, before the others) adds nothing.
inline constexpr absl::Duration kAffinityHalfLife = absl::Hours(24 * 30);

// Counts an event of this name. At most Profile::kMaxAffinities names are kept: the one with the smallest affinity goes
// (of equal ones the greater name), which may be the new one, and is counted in `compacted`. A name that went and comes
// back begins at 0; so an affinity is never too high, and exact where the customer had no more names than are kept.
// O(names).
void AddAffinity(Profile& profile, NameId name, absl::Time time);

// The decayed number of events at `now`; 0 where the name has none. An event after `now` counts a little more than 1.
// O(log names).
double AffinityOf(const Profile& profile, NameId name, absl::Time now);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_AFFINITY_H_
