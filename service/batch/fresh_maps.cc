#include "service/batch/fresh_maps.h"

#include <utility>

#include "absl/types/optional.h"
#include "service/base/clock.h"
#include "service/base/log.h"
#include "service/batch/map_journeys.h"

namespace waymark::batch {
namespace {

using store::JourneyMapSlot;
using store::Record;
using store::RecordStore;

// A map whose segment is gone, say, is not tried each time.
constexpr absl::Duration kSkip = absl::Minutes(10);
constexpr int kThreads = 2;  // of a look: one that counts, and one that claims

}  // namespace

FreshMaps::FreshMaps(const Environment& environment, const FreshMapsOptions& options)
    : environment_(environment), options_(options), worker_([this] { return Tick(); }) {}

FreshMaps::~FreshMaps() {
  Stop();
  AwaitIdle();
}

void FreshMaps::Stop() {
  stopped_->Cancel(absl::UnavailableError("the service is stopping"));
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  for (const auto& [tenant, cancellation] : running_) {
    if (cancellation != nullptr) cancellation->Cancel();
  }
}

void FreshMaps::AwaitIdle() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &FreshMaps::Idle));
}

absl::Duration FreshMaps::Tick() {
  if (!std::exchange(begins_, false)) Look();
  return options_.poll;
}

int FreshMaps::Look() {
  int begun = 0;
  for (const Due& due : FindDue(environment_.clock.Now())) begun += Begin(due) ? 1 : 0;
  return begun;
}

std::vector<FreshMaps::Due> FreshMaps::FindDue(absl::Time now) {
  const auto lists = Pending<std::vector<Record>>(stopped_, [&](absl::Time deadline, RecordStore::ListDone done) {
                       environment_.records.List(kMapIndexClass, deadline, std::move(done));
                     }).Take();
  if (!lists.ok()) return {};
  std::vector<Due> due;
  absl::MutexLock lock(&mutex_);
  absl::erase_if(skipped_until_, [now](const auto& skipped) { return skipped.second <= now; });
  for (const Record& list : *lists) {
    const std::string tenant = list.name.substr(kMapIndexClass.size() + 1);
    const auto rests = rests_until_.find(tenant);
    if (rests != rests_until_.end() && rests->second > now) continue;
    if (!environment_.playbooks.Current(tenant).ok()) continue;
    const auto slots = store::DecodeJourneyMapIndex(list.value);
    if (!slots.ok()) continue;
    const JourneyMapSlot* oldest = nullptr;
    for (const JourneyMapSlot& slot : *slots) {
      const bool wanted = slot.asked_at + options_.asked_within > now && slot.as_of + options_.age <= now &&
                          !skipped_until_.contains(std::make_pair(tenant, slot.of));
      if (wanted && (oldest == nullptr || slot.as_of < oldest->as_of)) oldest = &slot;
    }
    if (oldest == nullptr) continue;
    absl::StatusOr<store::JourneyMapKey> key = store::DecodeJourneyMapKey(oldest->of);
    if (key.ok()) {
      due.push_back({tenant, oldest->of, *std::move(key)});
    } else {
      skipped_until_[std::make_pair(tenant, oldest->of)] = now + kSkip;
    }
  }
  return due;
}

bool FreshMaps::Begin(const Due& due) {
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_ || !running_.try_emplace(due.tenant).second) return false;
  }
  const absl::Time begun = base::SteadyNow();
  auto started = environment_.threads.Start(
      due.tenant, kThreads, [this, due, begun](const std::shared_ptr<Cancellation>& cancellation) {
        // One that is as old as that exactly is counted again.
        const MapRequest request{
            .tenant = due.tenant, .key = due.key, .max_age = options_.age - absl::Milliseconds(1), .asked = false};
        const absl::StatusOr<CountedMap> counted =
            CountMap(environment_, request, {}, cancellation, [](const WalkProgress&) {});
        End(due, counted.status(), base::SteadyNow() - begun);
      });
  if (!started.ok()) {
    End(due, absl::OkStatus(), absl::ZeroDuration());
    return false;
  }
  absl::MutexLock lock(&mutex_);
  const auto running = running_.find(due.tenant);
  if (running == running_.end()) return true;  // done already
  running->second = *started;
  if (stopping_) running->second->Cancel();
  return true;
}

void FreshMaps::End(const Due& due, const absl::Status& status, absl::Duration took) {
  const absl::Time now = environment_.clock.Now();
  const bool in_vain = absl::IsNotFound(status) || absl::IsFailedPrecondition(status) || absl::IsDataLoss(status) ||
                       absl::IsInvalidArgument(status);
  if (!status.ok() && !in_vain && !absl::IsCancelled(status)) {
    base::LogWarning("a journey map was not counted again", {{"tenant", due.tenant}, {"error", status.message()}});
  }
  absl::MutexLock lock(&mutex_);
  running_.erase(due.tenant);
  rests_until_[due.tenant] = now + took / options_.share;
  if (in_vain) skipped_until_[std::make_pair(due.tenant, due.of)] = now + kSkip;
}

}  // namespace waymark::batch
