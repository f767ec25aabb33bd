#include "service/batch/derive_page.h"

#include <algorithm>

#include "absl/status/status.h"
#include "segmentation/compact.h"
#include "segmentation/fold.h"
#include "service/base/clock.h"
#include "service/base/status_macros.h"

namespace waymark::batch {
namespace {

using segmentation::Profile;
using store::ProfileStore;
using store::RunCounts;
using store::StoredProfile;

constexpr int kMaxWrites = 256;
constexpr size_t kProfilesBetweenChecks = 64;

// A customer of whom nothing is heard sheds what is kept for a while only: no event does it.
bool IsWorthAWrite(const engine::Derivation& derivation, const playbook::Playbook& playbook, const Profile& profile,
                   absl::Time now) {
  return engine::Differs(derivation, playbook, profile) || segmentation::HasExpired(profile, now);
}

}  // namespace

// The writes of a page. What has not called back when the page is given up does so later, unheard.
class PageDeriver::Writes {
 public:
  explicit Writes(std::shared_ptr<Cancellation> cancellation)
      : state_(std::make_shared<State>(std::move(cancellation))) {}

  // Waits until one more may be on its way.
  absl::Status Begin() { return WaitForFewer(kMaxWrites, /*begin=*/true); }
  // Waits for all.
  absl::Status Finish() { return WaitForFewer(1, /*begin=*/false); }

  ProfileStore::UpdateDone Callback() const {
    return [state = state_](const absl::StatusOr<uint64_t>& revision) {
      absl::MutexLock lock(&state->cancellation->mutex());
      --state->on_their_way;
      // What is wrong with one profile does not hold up the others.
      const bool its_own = absl::IsDataLoss(revision.status()) || absl::IsInvalidArgument(revision.status());
      if (revision.ok()) ++state->changed;
      if (its_own) ++state->damaged;
      if (!its_own) state->problem.Update(revision.status());
    };
  }

  const Cancellation& cancellation() const { return *state_->cancellation; }

  // What is stored so far.
  void AddTo(RunCounts& counts) const {
    absl::MutexLock lock(&state_->cancellation->mutex());
    counts.changed += state_->changed;
    counts.damaged += state_->damaged;
  }

 private:
  struct State {
    explicit State(std::shared_ptr<Cancellation> cancellation) : cancellation(std::move(cancellation)) {}
    const std::shared_ptr<Cancellation> cancellation;
    // Under its mutex.
    int on_their_way = 0;
    int64_t changed = 0;
    int64_t damaged = 0;
    absl::Status problem;
  };

  absl::Status WaitForFewer(int limit, bool begin) {
    State& state = *state_;
    const Cancellation& cancellation = *state.cancellation;
    absl::MutexLock lock(&cancellation.mutex());
    absl::Status waited = cancellation.Await([&] { return state.on_their_way < limit || !state.problem.ok(); },
                                             base::SteadyNow() + kStoreTimeout + kStoreGrace);
    if (absl::IsDeadlineExceeded(waited) || absl::IsDeadlineExceeded(state.problem)) {
      return absl::UnavailableError("the store does not answer in time");
    }
    if (!waited.ok()) return waited;
    if (!state.problem.ok()) return state.problem;
    if (begin) ++state.on_their_way;
    return absl::OkStatus();
  }

  const std::shared_ptr<State> state_;
};

Tally::Tally(const playbook::Playbook& playbook) : segments_(playbook.segments.size()) {
  for (const playbook::Journey& journey : playbook.journeys) {
    Journey& added = journeys_.emplace_back();
    added.id = journey.id;
    added.offset = stages_;
    for (const playbook::Stage& stage : journey.stages) added.stages.push_back(stage.id);
    stages_ += journey.stages.size();
  }
}

RunCounts Tally::None() const {
  return {.members = std::vector<int64_t>(segments()), .customers = std::vector<int64_t>(stages())};
}

void Tally::Add(const engine::Deriver& deriver, const engine::Derivation& derivation, RunCounts& counts) const {
  const absl::Span<const int8_t> in_segment = deriver.in_segment();
  for (size_t i = 0; i < in_segment.size(); ++i) counts.members[i] += in_segment[i];
  for (const segmentation::JourneyPosition& position : derivation.positions) {
    for (const Journey& journey : journeys_) {
      if (journey.id != position.journey) continue;
      const auto stage = std::find(journey.stages.begin(), journey.stages.end(), position.current.stage);
      if (stage == journey.stages.end()) continue;
      ++counts.customers[journey.offset + static_cast<size_t>(stage - journey.stages.begin())];
    }
  }
}

// The derivation is of the profile at `revision`. Any other one that was derived with this playbook, or with a newer
// one, is later than the derivation: it stays as it is. One of an older playbook is derived anew.
ProfileStore::Change PageDeriver::ChangeOf(uint64_t revision, engine::Derivation derivation, absl::Time now) const {
  return [playbook = playbook_, revision, derivation = std::move(derivation),
          now](const StoredProfile& stored) -> absl::optional<Profile> {
    if (stored.revision == 0) return absl::nullopt;
    const bool conflict = stored.revision != revision;
    if (conflict && stored.profile.derived.playbook_version >= playbook->version) return absl::nullopt;
    Profile profile = stored.profile;
    if (conflict) {
      engine::Derivation anew = engine::Derive(*playbook, profile, now);
      if (!IsWorthAWrite(anew, *playbook, profile, now)) return absl::nullopt;
      engine::Adopt(std::move(anew), *playbook, profile);
    } else {
      engine::Adopt(derivation, *playbook, profile);
    }
    segmentation::ForgetExpired(profile, now);
    segmentation::Compact(profile, store::kMaxProfileBytes);
    return profile;
  };
}

absl::Status PageDeriver::Derive(PageOnItsWay page, absl::Time now, const std::shared_ptr<Cancellation>& cancellation,
                                 RunCounts& counts) const {
  const absl::StatusOr<store::StoredProfiles> read = page.profiles.Take();
  if (!read.ok()) return read.status();
  counts = tally_.None();
  Writes writes(cancellation);
  absl::Status status = DeriveEach(page, *read, now, writes, counts);
  if (status.ok()) status = writes.Finish();
  writes.AddTo(counts);
  return status;
}

absl::Status PageDeriver::DeriveEach(const PageOnItsWay& page, const store::StoredProfiles& read, absl::Time now,
                                     Writes& writes, RunCounts& counts) const {
  engine::Deriver deriver(*playbook_, now);
  StoredProfile stored;  // each in the place of the one before
  for (size_t i = 0; i < read.size(); ++i) {
    if (i % kProfilesBetweenChecks == 0) WAYMARK_RETURN_IF_ERROR(writes.cancellation().status());
    const absl::Status decoded = read.Decode(i, stored);
    if (decoded.ok() && stored.revision == 0) continue;  // gone since it was named
    ++counts.profiles;
    if (!decoded.ok()) {
      ++counts.damaged;
      continue;
    }
    const engine::Derivation& derivation = deriver.Derive(stored.profile);
    tally_.Add(deriver, derivation, counts);
    if (stored.profile.derived.playbook_version > playbook_->version) continue;  // not to be undone
    if (!IsWorthAWrite(derivation, *playbook_, stored.profile, now)) continue;
    WAYMARK_RETURN_IF_ERROR(writes.Begin());
    profiles_.UpdateFrom({tenant_, page.customers[i]}, stored, base::SteadyNow() + kStoreTimeout,
                         ChangeOf(stored.revision, derivation, now), writes.Callback());
  }
  return absl::OkStatus();
}

}  // namespace waymark::batch
