#ifndef WAYMARK_SERVICE_BATCH_CLAIMS_H_
#define WAYMARK_SERVICE_BATCH_CLAIMS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/store/batch_records.h"

// How workers share a run: what each may do to its state, between one compare-and-set and the next. Pure functions over
// values.
namespace waymark::batch {

// Who works, and until when what it claims is its own, by the machine's clock: the longer, the later a dead worker's
// pages are done; the shorter, the sooner a slow one's are done twice (and counted once).
struct Worker {
  uint64_t id = 0;
  absl::Time now;
  absl::Duration lease = absl::Seconds(60);
};

// What a run derives with, and what it counts.
struct Basis {
  uint64_t playbook_version = 0;
  uint64_t population_version = 0;  // 0: none
  std::string of;                   // of a journey map: see store::JourneyMapKey

  friend bool operator==(const Basis&, const Basis&) = default;
};
inline bool IsNewer(const Basis& a, const Basis& b) {
  return std::tie(a.playbook_version, a.population_version) > std::tie(b.playbook_version, b.population_version);
}
inline Basis BasisOf(const store::RunState& run) { return {run.playbook_version, run.population_version, run.of}; }

// Every page is done.
inline bool IsOver(const store::RunState& run) { return run.id == 0 || (run.exhausted && run.claims.empty()); }

// Whether somebody has a part of the run, and comes back to it.
bool IsWorkedOn(const store::RunState& run, absl::Time now);

// The state with which a run begins after `before`, whose counts it keeps where that one is over: as of when, only
// where they are of the same basis. `as_of`: of the service's clock; counted in whole milliseconds.
store::RunState BeginRun(const store::RunState& before, uint64_t id, const Basis& basis, absl::Time as_of,
                         size_t segments, size_t stages);

// Claims the pages from `from`, where the run is still there, to `until` (empty: the end); nullopt where others went
// on.
absl::optional<store::RunClaim> ClaimNext(store::RunState& run, const std::string& from, const std::string& until,
                                          const Worker& worker);

// Takes over a page of a worker who did not come back, or gave it up; nullopt where there is none. It is another claim
// then, so that the one who had it cannot complete it any more.
absl::optional<store::RunClaim> TakeOver(store::RunState& run, const Worker& worker);

// Begins the same run again, because the order of its pages is gone: nothing is counted, and no claim holds.
void Rewind(store::RunState& run);

// Adds all but those of a journey map.
void AddCounts(const store::RunCounts& counts, store::RunCounts& sums);

// Adds the counts of a journey map to others, both as they are stored.
using AddJourneys = absl::FunctionRef<void(absl::string_view counts, std::string& sums)>;

// What this claim is for is done: it is counted. False where the claim was taken over: then it is not.
bool Complete(store::RunState& run, uint64_t claim, const store::RunCounts& counts, AddJourneys add_journeys);

// The page of this claim is given up, after so many of its profiles were written: whoever does it again will not see
// them change. Nothing where the claim was taken over.
void AddChanged(store::RunState& run, uint64_t claim, int64_t changed);

// Extends the worker's claims.
void Renew(store::RunState& run, const Worker& worker);

// Gives the worker's claims up.
void Release(store::RunState& run, uint64_t worker);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_CLAIMS_H_
