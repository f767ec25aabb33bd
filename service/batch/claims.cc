#include "service/batch/claims.h"

#include <algorithm>
#include <vector>

namespace waymark::batch {
namespace {

using store::ResegmentClaim;
using store::ResegmentCounts;
using store::ResegmentRun;

// In whole milliseconds, as it is stored.
absl::Time ExpiryOf(const Worker& worker) {
  return absl::FromUnixMillis(absl::ToUnixMillis(worker.now + worker.lease));
}

void AddTo(std::vector<int64_t>& sums, const std::vector<int64_t>& counts) {
  sums.resize(std::max(sums.size(), counts.size()));
  for (size_t i = 0; i < counts.size(); ++i) sums[i] += counts[i];
}

}  // namespace

ResegmentRun BeginRun(const ResegmentRun& before, uint64_t id, const Basis& basis, size_t segments, size_t stages) {
  ResegmentRun run{.id = id,
                   .playbook_version = basis.playbook_version,
                   .population_version = basis.population_version,
                   .counts = {.members = std::vector<int64_t>(segments), .customers = std::vector<int64_t>(stages)}};
  if (before.id != 0 && IsOver(before)) {
    run.finished_id = before.id;
    run.finished_counts = before.counts;
  } else {
    run.finished_id = before.finished_id;
    run.finished_counts = before.finished_counts;
  }
  return run;
}

absl::optional<ResegmentClaim> ClaimNext(ResegmentRun& run, const std::string& from, const std::string& until,
                                         const Worker& worker) {
  if (run.exhausted || run.next != from) return absl::nullopt;
  run.next = until;
  run.exhausted = until.empty();
  run.claims.push_back(
      {.id = ++run.last_claim, .from = from, .until = until, .worker = worker.id, .expires_at = ExpiryOf(worker)});
  return run.claims.back();
}

absl::optional<ResegmentClaim> TakeOver(ResegmentRun& run, const Worker& worker) {
  for (ResegmentClaim& claim : run.claims) {
    if (claim.expires_at > worker.now) continue;
    claim.id = ++run.last_claim;
    claim.worker = worker.id;
    claim.expires_at = ExpiryOf(worker);
    return claim;
  }
  return absl::nullopt;
}

void Rewind(ResegmentRun& run) {
  run.next.clear();
  run.exhausted = false;
  run.claims.clear();
  run.counts = {.members = std::vector<int64_t>(run.counts.members.size()),
                .customers = std::vector<int64_t>(run.counts.customers.size())};
}

bool Complete(ResegmentRun& run, uint64_t claim, const ResegmentCounts& counts) {
  if (std::erase_if(run.claims, [&](const ResegmentClaim& held) { return held.id == claim; }) == 0) return false;
  run.counts.profiles += counts.profiles;
  run.counts.changed += counts.changed;
  run.counts.damaged += counts.damaged;
  AddTo(run.counts.members, counts.members);
  AddTo(run.counts.customers, counts.customers);
  return true;
}

void AddChanged(ResegmentRun& run, uint64_t claim, int64_t changed) {
  const bool held =
      std::any_of(run.claims.begin(), run.claims.end(), [&](const ResegmentClaim& each) { return each.id == claim; });
  if (held) run.counts.changed += changed;
}

void Renew(ResegmentRun& run, const Worker& worker) {
  for (ResegmentClaim& claim : run.claims) {
    if (claim.worker == worker.id) claim.expires_at = std::max(claim.expires_at, ExpiryOf(worker));
  }
}

void Release(ResegmentRun& run, uint64_t worker) {
  for (ResegmentClaim& claim : run.claims) {
    if (claim.worker == worker) claim.expires_at = absl::UnixEpoch();
  }
}

}  // namespace waymark::batch
