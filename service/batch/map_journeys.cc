#include "service/batch/map_journeys.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "service/batch/claims.h"
#include "service/batch/map_plan.h"

namespace waymark::batch {
namespace {

using store::JourneyCounts;
using store::JourneyMapSlot;
using store::Record;
using store::RecordStore;
using store::RunCounts;
using store::RunState;

constexpr int kAttempts = 8;
constexpr size_t kProfilesBetweenChecks = 256;
// A list is not written for each call.
constexpr absl::Duration kAskedWithin = absl::Minutes(1);

absl::Time WholeMillis(absl::Time time) { return absl::FromUnixMillis(absl::ToUnixMillis(time)); }

// What somebody does who wants counts that are as of `needed` at the earliest.
absl::StatusOr<Joining> JoinMap(const RunState& run, const Basis& basis, absl::Time needed, absl::Time machine) {
  if (run.id == 0) return Joining::kBegin;
  if (BasisOf(run) != basis) {
    if (run.of == basis.of && IsNewer(BasisOf(run), basis) && IsWorkedOn(run, machine)) {
      return absl::UnavailableError("others count with a newer playbook, which is not here yet: try again");
    }
    return Joining::kBegin;
  }
  if (IsOver(run)) return run.as_of >= needed ? Joining::kAnswered : Joining::kBegin;
  if (run.finished_as_of > absl::UnixEpoch() && run.finished_as_of >= needed) return Joining::kAnswered;
  return run.as_of >= needed || IsWorkedOn(run, machine) ? Joining::kTakePart : Joining::kBegin;
}

// Counts every profile of the pages.
absl::Status CountPages(const MapPlan& plan, ClaimedPages& pages, absl::Time as_of, const Cancellation& cancellation,
                        RunCounts& counts) {
  PlanCounter counter(plan, as_of);
  store::StoredProfile stored;  // each in the place of the one before
  while (absl::optional<PageOnItsWay> page = pages.Next()) {
    const absl::StatusOr<store::StoredProfiles> read = page->profiles.Take();
    if (!read.ok()) return read.status();
    for (size_t i = 0; i < read->size(); ++i) {
      if (i % kProfilesBetweenChecks == 0) WAYMARK_RETURN_IF_ERROR(cancellation.status());
      const absl::Status decoded = read->Decode(i, stored);
      if (decoded.ok() && stored.revision == 0) continue;  // gone since it was named
      ++counts.profiles;
      if (decoded.ok()) {
        counter.Add(stored.profile);
      } else {
        ++counts.damaged;
      }
    }
  }
  counts.journeys = store::EncodeJourneyCounts(counter.counts());
  return absl::OkStatus();
}

// Where either cannot be decoded, neither can the sums any more.
void AddCountsOf(absl::string_view bytes, std::string& sums, size_t stages) {
  if (sums.empty()) {
    sums = std::string(bytes);
    return;
  }
  const absl::StatusOr<JourneyCounts> more = store::DecodeJourneyCounts(bytes, stages);
  absl::StatusOr<JourneyCounts> all = store::DecodeJourneyCounts(sums, stages);
  if (!more.ok() || !all.ok()) {
    sums = "\xff";
    return;
  }
  all->selected.Add(more->selected);
  all->compared.Add(more->compared);
  sums = store::EncodeJourneyCounts(*all);
}

using Slots = std::vector<JourneyMapSlot>;

// The slot of the map: its own, or a free one, or that of the map that was asked for longest ago.
Slots::iterator Place(const std::string& of, absl::Time now, Slots& slots) {
  const auto own = std::find_if(slots.begin(), slots.end(), [&](const JourneyMapSlot& kept) { return kept.of == of; });
  if (own != slots.end()) return own;
  if (slots.size() < kMaxKeptMaps) return slots.insert(slots.end(), {.of = of, .asked_at = now});
  const auto oldest = std::min_element(slots.begin(), slots.end(),
                                       [](const auto& a, const auto& b) { return a.asked_at < b.asked_at; });
  *oldest = {.of = of, .asked_at = now};
  return oldest;
}

// Finds or makes the map's slot in the tenant's list, changes it with `change`, and writes the list where that made a
// difference. Gives the place of the slot.
absl::StatusOr<size_t> ChangeSlot(RecordStore& records, const std::string& tenant, const std::string& of,
                                  absl::Time now, const std::shared_ptr<Cancellation>& cancellation,
                                  absl::FunctionRef<void(JourneyMapSlot&)> change) {
  const std::string name = MapIndexName(tenant);
  while (true) {
    const absl::StatusOr<Record> record =
        Pending<Record>(cancellation, [&](absl::Time deadline, RecordStore::GetDone done) {
          records.Get(name, deadline, std::move(done));
        }).Take();
    if (!record.ok()) return record.status();
    // One that cannot be decoded is worth no more than none.
    const Slots before = store::DecodeJourneyMapIndex(record->value).value_or(Slots());
    Slots slots = before;
    const auto slot = Place(of, now, slots);
    change(*slot);
    if (slots == before) return static_cast<size_t>(slot - slots.begin());
    const absl::StatusOr<uint64_t> put =
        Pending<uint64_t>(cancellation, [&](absl::Time deadline, RecordStore::PutDone done) {
          records.Put(name, store::EncodeJourneyMapIndex(slots), record->revision, deadline, std::move(done));
        }).Take();
    if (put.ok()) return static_cast<size_t>(slot - slots.begin());
    if (!absl::IsAborted(put.status())) return put.status();
  }
}

// One attempt: with the playbook of now. ABORTED: something came between.
absl::StatusOr<CountedMap> TryCount(const Environment& environment, const MapRequest& request, absl::Time needed,
                                    const PassOptions& options, const std::shared_ptr<Cancellation>& cancellation,
                                    absl::FunctionRef<void(const WalkProgress&)> progress) {
  auto playbook = environment.playbooks.Current(request.tenant);
  if (!playbook.ok()) return playbook.status();
  const absl::StatusOr<MapPlan> plan = MapPlan::Of(*std::move(playbook), request.key);
  if (!plan.ok()) return plan.status();
  Basis basis = BasisFor(*plan->playbook());
  basis.of = store::EncodeJourneyMapKey(plan->key());
  const absl::Time now = WholeMillis(environment.clock.Now());
  absl::Time known_as_of = absl::InfinitePast();
  const absl::StatusOr<size_t> slot =
      ChangeSlot(environment.records, request.tenant, basis.of, now, cancellation, [&](JourneyMapSlot& kept) {
        known_as_of = kept.as_of;
        // By the minute: who asks again and again writes little.
        if (request.asked && now - kept.asked_at >= kAskedWithin) kept.asked_at = now;
      });
  if (!slot.ok()) return slot.status();
  const PassTask task{
      .tenant = request.tenant,
      .record = MapRecordName(request.tenant, *slot),
      .basis = basis,
      .pages_per_claim = request.pages_per_claim,
      .rule = [&](const RunState& run) { return JoinMap(run, basis, needed, options.machine()); },
      .work = [&](ClaimedPages& pages, absl::Time as_of, const std::shared_ptr<Cancellation>& cancelled,
                  RunCounts& counts) { return CountPages(*plan, pages, as_of, *cancelled, counts); },
      .add_journeys = [&](absl::string_view counts, std::string& sums) { AddCountsOf(counts, sums, plan->stages()); }};
  const auto look_of = [&](const RunCounts& counts) {
    return WalkProgress{.profiles = counts.profiles,
                        .damaged = counts.damaged,
                        .estimated_total = environment.profiles.EstimatedCount(request.tenant)};
  };
  const absl::StatusOr<RunState> run = TakePart(environment, task, request.workers, options, cancellation,
                                                [&](const RunState& state) { progress(look_of(state.counts)); });
  if (!run.ok()) return run.status();
  const bool of_this = IsOver(*run) && run->as_of >= needed;
  const absl::Time as_of = of_this ? run->as_of : run->finished_as_of;
  if (as_of < needed) return absl::AbortedError("what others had begun was too old");
  const RunCounts& counts = of_this ? run->counts : run->finished_counts;
  absl::StatusOr<JourneyCounts> decoded = store::DecodeJourneyCounts(counts.journeys, plan->stages());
  if (!decoded.ok()) return decoded.status();
  // For FreshMaps, which counts it again in vain where this is not heard of.
  if (as_of > known_as_of) {
    ChangeSlot(environment.records, request.tenant, basis.of, now, cancellation, [&](JourneyMapSlot& kept) {
      kept.as_of = std::max(kept.as_of, as_of);
    }).IgnoreError();
  }
  return CountedMap{.playbook = plan->playbook(),
                    .journey = plan->journey(),
                    .as_of = as_of,
                    .look = look_of(counts),
                    .counts = *std::move(decoded)};
}

}  // namespace

std::string MapRecordName(absl::string_view tenant, size_t slot) {
  return absl::StrCat("journey_map/", tenant, "/", slot);
}

std::string MapIndexName(absl::string_view tenant) { return absl::StrCat(kMapIndexClass, "/", tenant); }

absl::StatusOr<CountedMap> CountMap(const Environment& environment, const MapRequest& request,
                                    const PassOptions& options, const std::shared_ptr<Cancellation>& cancellation,
                                    absl::FunctionRef<void(const WalkProgress&)> progress) {
  const absl::Time needed = WholeMillis(environment.clock.Now()) - request.max_age;
  for (int i = 0; i < kAttempts; ++i) {
    absl::StatusOr<CountedMap> counted = TryCount(environment, request, needed, options, cancellation, progress);
    if (!absl::IsAborted(counted.status())) return counted;
  }
  return absl::UnavailableError("what is counted is replaced again and again: try again");
}

}  // namespace waymark::batch
