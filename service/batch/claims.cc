#include "service/batch/claims.h"

#include <algorithm>
#include <vector>

namespace waymark::batch {
namespace {

using store::RunClaim;
using store::RunCounts;
using store::RunState;

// In whole milliseconds, as it is stored.
absl::Time ExpiryOf(const Worker& worker) {
  return absl::FromUnixMillis(absl::ToUnixMillis(worker.now + worker.lease));
}

void AddTo(std::vector<int64_t>& sums, const std::vector<int64_t>& counts) {
  sums.resize(std::max(sums.size(), counts.size()));
  for (size_t i = 0; i < counts.size(); ++i) sums[i] += counts[i];
}

}  // namespace

bool IsWorkedOn(const RunState& run, absl::Time now) {
  return std::any_of(run.claims.begin(), run.claims.end(),
                     [&](const RunClaim& claim) { return claim.expires_at > now; });
}

RunState BeginRun(const RunState& before, uint64_t id, const Basis& basis, absl::Time as_of, size_t segments,
                  size_t stages) {
  RunState run{.id = id,
               .playbook_version = basis.playbook_version,
               .population_version = basis.population_version,
               .of = basis.of,
               .as_of = absl::FromUnixMillis(absl::ToUnixMillis(as_of)),
               .counts = {.members = std::vector<int64_t>(segments), .customers = std::vector<int64_t>(stages)}};
  if (before.id != 0 && IsOver(before)) {
    run.finished_id = before.id;
    run.finished_as_of = before.as_of;
    run.finished_counts = before.counts;
  } else {
    run.finished_id = before.finished_id;
    run.finished_as_of = before.finished_as_of;
    run.finished_counts = before.finished_counts;
  }
  if (BasisOf(before) != basis) run.finished_as_of = absl::UnixEpoch();
  return run;
}

absl::optional<RunClaim> ClaimNext(RunState& run, const std::string& from, const std::string& until,
                                   const Worker& worker) {
  if (run.exhausted || run.next != from) return absl::nullopt;
  run.next = until;
  run.exhausted = until.empty();
  run.claims.push_back(
      {.id = ++run.last_claim, .from = from, .until = until, .worker = worker.id, .expires_at = ExpiryOf(worker)});
  return run.claims.back();
}

absl::optional<RunClaim> TakeOver(RunState& run, const Worker& worker) {
  for (RunClaim& claim : run.claims) {
    if (claim.expires_at > worker.now) continue;
    claim.id = ++run.last_claim;
    claim.worker = worker.id;
    claim.expires_at = ExpiryOf(worker);
    return claim;
  }
  return absl::nullopt;
}

void Rewind(RunState& run) {
  run.next.clear();
  run.exhausted = false;
  run.claims.clear();
  run.counts = {.members = std::vector<int64_t>(run.counts.members.size()),
                .customers = std::vector<int64_t>(run.counts.customers.size())};
}

void AddCounts(const RunCounts& counts, RunCounts& sums) {
  sums.profiles += counts.profiles;
  sums.changed += counts.changed;
  sums.damaged += counts.damaged;
  AddTo(sums.members, counts.members);
  AddTo(sums.customers, counts.customers);
}

bool Complete(RunState& run, uint64_t claim, const RunCounts& counts, AddJourneys add_journeys) {
  if (std::erase_if(run.claims, [&](const RunClaim& held) { return held.id == claim; }) == 0) return false;
  AddCounts(counts, run.counts);
  if (!counts.journeys.empty()) add_journeys(counts.journeys, run.counts.journeys);
  return true;
}

void AddChanged(RunState& run, uint64_t claim, int64_t changed) {
  const bool held =
      std::any_of(run.claims.begin(), run.claims.end(), [&](const RunClaim& each) { return each.id == claim; });
  if (held) run.counts.changed += changed;
}

void Renew(RunState& run, const Worker& worker) {
  for (RunClaim& claim : run.claims) {
    if (claim.worker == worker.id) claim.expires_at = std::max(claim.expires_at, ExpiryOf(worker));
  }
}

void Release(RunState& run, uint64_t worker) {
  for (RunClaim& claim : run.claims) {
    if (claim.worker == worker) claim.expires_at = absl::UnixEpoch();
  }
}

}  // namespace waymark::batch
