#ifndef WAYMARK_SERVICE_BATCH_CLAIMS_H_
#define WAYMARK_SERVICE_BATCH_CLAIMS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>

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

// What a run derives with.
struct Basis {
  uint64_t playbook_version = 0;
  uint64_t population_version = 0;  // 0: none

  friend bool operator==(const Basis&, const Basis&) = default;
};
inline bool IsNewer(const Basis& a, const Basis& b) {
  return std::tie(a.playbook_version, a.population_version) > std::tie(b.playbook_version, b.population_version);
}
inline Basis BasisOf(const store::ResegmentRun& run) { return {run.playbook_version, run.population_version}; }

// Every page is done.
inline bool IsOver(const store::ResegmentRun& run) { return run.id == 0 || (run.exhausted && run.claims.empty()); }

// The state with which a run begins after `before`, whose counts it keeps where that one is over.
store::ResegmentRun BeginRun(const store::ResegmentRun& before, uint64_t id, const Basis& basis, size_t segments,
                             size_t stages);

// Claims the page from `from`, where the run is still there, to `until` (empty: the end); nullopt where others went on.
absl::optional<store::ResegmentClaim> ClaimNext(store::ResegmentRun& run, const std::string& from,
                                                const std::string& until, const Worker& worker);

// Takes over a page of a worker who did not come back, or gave it up; nullopt where there is none. It is another claim
// then, so that the one who had it cannot complete it any more.
absl::optional<store::ResegmentClaim> TakeOver(store::ResegmentRun& run, const Worker& worker);

// Begins the same run again, because the order of its pages is gone: nothing is counted, and no claim holds.
void Rewind(store::ResegmentRun& run);

// The page of this claim is done: it is counted. False where the claim was taken over: then it is not.
bool Complete(store::ResegmentRun& run, uint64_t claim, const store::ResegmentCounts& counts);

// The page of this claim is given up, after so many of its profiles were written: whoever does it again will not see
// them change. Nothing where the claim was taken over.
void AddChanged(store::ResegmentRun& run, uint64_t claim, int64_t changed);

// Extends the worker's claims.
void Renew(store::ResegmentRun& run, const Worker& worker);

// Gives the worker's claims up.
void Release(store::ResegmentRun& run, uint64_t worker);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_CLAIMS_H_
