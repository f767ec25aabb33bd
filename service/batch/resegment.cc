#include "service/batch/resegment.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "segmentation/compact.h"
#include "service/base/status_macros.h"
#include "service/engine/await.h"
#include "service/engine/derive.h"
#include "service/store/batch_records.h"

namespace waymark::batch {
namespace {

using segmentation::Profile;
using store::ProfileStore;
using store::ResegmentCursor;
using store::StoredProfile;
using store::StoredProfiles;

constexpr int kPageSize = 500;
constexpr absl::Duration kStoreDeadline = absl::Seconds(30);

absl::Time StoreDeadline() { return absl::Now() + kStoreDeadline; }

// One run: a straight loop over pages on a thread of its own, which ends with `done`.
class Run final : public ResegmentRun {
 public:
  Run(ProfileStore& profiles, store::RecordStore& records, const base::Clock& clock,
      std::shared_ptr<const playbook::Playbook> playbook, const std::string& tenant)
      : profiles_(profiles),
        records_(records),
        clock_(clock),
        playbook_(std::move(playbook)),
        tenant_(tenant),
        record_name_(absl::StrCat("resegment/", tenant)) {}

  void Cancel() override { cancelled_.store(true, std::memory_order_relaxed); }

  absl::Status Work(bool restart, absl::AnyInvocable<void(const ResegmentProgress&)>& progress) {
    WAYMARK_RETURN_IF_ERROR(Begin(restart));
    bool more = true;
    while (more) {
      if (cancelled_.load(std::memory_order_relaxed)) return absl::CancelledError("stopped; a later run resumes here");
      auto page = engine::Await<ProfileStore::Page>([this](ProfileStore::ScanDone done) {
        profiles_.Scan(tenant_, at_.next, /*until=*/"", kPageSize, StoreDeadline(), std::move(done));
      });
      if (!page.ok()) return page.status();
      auto read = engine::Await<StoredProfiles>([&](ProfileStore::LoadManyDone done) {
        profiles_.LoadMany(tenant_, page->customers, StoreDeadline(), std::move(done));
      });
      if (!read.ok()) return read.status();
      WAYMARK_RETURN_IF_ERROR(DerivePage(page->customers, *read));
      more = !page->next_cursor.empty();
      at_.next = std::move(page->next_cursor);
      WAYMARK_RETURN_IF_ERROR(StoreCursor());
      progress(Progress(!more));
    }
    return absl::OkStatus();
  }

 private:
  // Takes up where an unfinished run under the same playbook stopped.
  absl::Status Begin(bool restart) {
    auto record = engine::Await<store::Record>(
        [this](store::RecordStore::GetDone done) { records_.Get(record_name_, StoreDeadline(), std::move(done)); });
    if (!record.ok()) return record.status();
    revision_ = record->revision;
    absl::StatusOr<ResegmentCursor> stored = store::DecodeResegmentCursor(record->value);
    const bool resumes =
        !restart && stored.ok() && !stored->next.empty() && stored->playbook_version == playbook_->version;
    size_t stages = 0;
    for (const playbook::Journey& journey : playbook_->journeys) stages += journey.stages.size();
    if (resumes) at_ = *std::move(stored);
    at_.playbook_version = playbook_->version;
    at_.members.resize(playbook_->segments.size());
    at_.customers.resize(stages);
    return absl::OkStatus();
  }

  // Writes the profiles of the page whose derivation changed, all at once.
  absl::Status DerivePage(const std::vector<std::string>& customers, const StoredProfiles& read) {
    const absl::Time now = clock_.Now();
    std::vector<const std::string*> changed;
    for (size_t i = 0; i < read.size(); ++i) {
      const absl::StatusOr<StoredProfile> stored = read.Decode(i);
      if (stored.ok() && stored->revision == 0) continue;  // gone since it was named
      ++at_.profiles;
      if (!stored.ok()) {
        ++at_.damaged;
        continue;
      }
      const engine::Derivation derivation = engine::Derive(*playbook_, stored->profile, now);
      Count(derivation);
      if (engine::Differs(derivation, stored->profile)) changed.push_back(&customers[i]);
    }
    absl::Status problem;
    int64_t damaged = 0;
    absl::Mutex mutex;
    absl::BlockingCounter waiting(static_cast<int>(changed.size()));
    for (const std::string* customer : changed) {
      profiles_.Update(
          {tenant_, *customer}, StoreDeadline(),
          [this, now](const StoredProfile& stored) { return Rederive(stored, now); },
          [&](const absl::StatusOr<uint64_t>& revision) {
            if (!revision.ok()) {
              absl::MutexLock lock(&mutex);
              // What is wrong with one profile does not hold up the others.
              const bool its_own = absl::IsDataLoss(revision.status()) || absl::IsInvalidArgument(revision.status());
              if (its_own) ++damaged;
              if (!its_own) problem.Update(revision.status());
            }
            waiting.DecrementCount();
          });
    }
    waiting.Wait();
    at_.changed += static_cast<int64_t>(changed.size()) - damaged;
    at_.damaged += damaged;
    return problem;
  }

  absl::optional<Profile> Rederive(const StoredProfile& stored, absl::Time now) const {
    if (stored.revision == 0) return absl::nullopt;
    Profile profile = stored.profile;
    engine::Adopt(engine::Derive(*playbook_, profile, now), *playbook_, profile);
    segmentation::Compact(profile, store::kMaxProfileBytes);
    return profile;
  }

  void Count(const engine::Derivation& derivation) {
    for (size_t i = 0; i < playbook_->segments.size(); ++i) {
      at_.members[i] +=
          std::binary_search(derivation.segments.begin(), derivation.segments.end(), playbook_->segments[i].id) ? 1 : 0;
    }
    size_t offset = 0;
    for (const playbook::Journey& journey : playbook_->journeys) {
      for (const segmentation::JourneyPosition& position : derivation.positions) {
        if (position.journey != journey.id) continue;
        for (size_t i = 0; i < journey.stages.size(); ++i) {
          at_.customers[offset + i] += journey.stages[i].id == position.current.stage ? 1 : 0;
        }
      }
      offset += journey.stages.size();
    }
  }

  // Two runs of one tenant at once would do the same pages twice: the second to write stops.
  absl::Status StoreCursor() {
    auto put = engine::Await<uint64_t>([this](store::RecordStore::PutDone done) {
      records_.Put(record_name_, store::EncodeResegmentCursor(at_), revision_, StoreDeadline(), std::move(done));
    });
    if (absl::IsAborted(put.status())) return absl::AbortedError("another re-segmentation of this tenant is running");
    if (!put.ok()) return put.status();
    revision_ = *put;
    return absl::OkStatus();
  }

  ResegmentProgress Progress(bool done) const {
    ResegmentProgress progress{.playbook = playbook_,
                               .profiles = at_.profiles,
                               .changed = at_.changed,
                               .damaged = at_.damaged,
                               .estimated_total = profiles_.EstimatedCount(tenant_),
                               .done = done};
    if (!done) return progress;
    progress.members = at_.members;
    auto next = at_.customers.begin();
    for (const playbook::Journey& journey : playbook_->journeys) {
      progress.customers.emplace_back(next, next + static_cast<int64_t>(journey.stages.size()));
      next += static_cast<int64_t>(journey.stages.size());
    }
    return progress;
  }

  ProfileStore& profiles_;
  store::RecordStore& records_;
  const base::Clock& clock_;
  const std::shared_ptr<const playbook::Playbook> playbook_;
  const std::string tenant_;
  const std::string record_name_;
  std::atomic<bool> cancelled_{false};
  ResegmentCursor at_;
  uint64_t revision_ = 0;
};

// A run that could not begin.
class NoRun final : public ResegmentRun {
 public:
  void Cancel() override {}
};

}  // namespace

std::shared_ptr<ResegmentRun> Resegment(store::ProfileStore& profiles, store::RecordStore& records,
                                        engine::Playbooks& playbooks, const base::Clock& clock,
                                        const std::string& tenant, bool restart,
                                        absl::AnyInvocable<void(const ResegmentProgress&)> progress,
                                        absl::AnyInvocable<void(absl::Status)> done) {
  auto playbook = playbooks.Current(tenant);
  if (!playbook.ok()) {
    done(playbook.status());
    return std::make_shared<NoRun>();
  }
  auto run = std::make_shared<Run>(profiles, records, clock, *std::move(playbook), tenant);
  // The thread owns what it needs and touches nothing after `done`.
  std::thread([run, restart, progress = std::move(progress), done = std::move(done)]() mutable {
    done(run->Work(restart, progress));
  }).detach();
  return run;
}

}  // namespace waymark::batch
