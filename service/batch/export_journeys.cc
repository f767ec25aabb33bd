#include "service/batch/export_journeys.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "service/decision/token.h"
#include "service/engine/derive.h"

namespace waymark::batch {
namespace {

using journey::TimelineEntry;

// The journey's index.
absl::StatusOr<size_t> JourneyIn(const playbook::Playbook& playbook, const std::string& name) {
  if (playbook.journeys.empty()) return absl::FailedPreconditionError("the playbook has no journeys");
  if (name.empty()) return 0;
  for (size_t i = 0; i < playbook.journeys.size(); ++i) {
    if (playbook.journeys[i].name == name) return i;
  }
  return absl::NotFoundError("there is no such journey");
}

// Makes one trace after the other in the same memory. Single-threaded.
class Tracer {
 public:
  Tracer(const ExportJourneysRequest& request, const playbook::Playbook& playbook, const playbook::Journey& journey,
         Selector selector, const decision::TokenKey& key, absl::Time now)
      : request_(request),
        playbook_(playbook),
        journey_(journey),
        selector_(std::move(selector)),
        key_(key),
        now_(now),
        deriver_(playbook, now) {}

  // Calls `trace` where the customer has one, and gives its answer; true where not.
  bool Trace(const std::string& customer, const segmentation::Profile& profile,
             absl::FunctionRef<bool(const JourneyTrace&)> trace) {
    const engine::Derivation& derivation = deriver_.Derive(profile);
    if (!selector_.Takes(profile, deriver_.in_segment(), now_)) return true;
    const auto position = std::find_if(derivation.positions.begin(), derivation.positions.end(),
                                       [this](const auto& known) { return known.journey == journey_.id; });
    if (position == derivation.positions.end()) return true;
    entries_ = journey::TimelineOf(journey_, *position, profile);
    std::erase_if(entries_, [this](const TimelineEntry& entry) {
      return entry.time < request_.from || entry.time >= request_.until;
    });
    if (entries_.empty()) return true;
    if (!request_.with_customer_ids) {
      for (TimelineEntry& entry : entries_) entry.text = {};
      pseudonym_ = decision::PseudonymOf(request_.tenant, customer, key_);
    }
    return trace({.customer = request_.with_customer_ids ? customer : pseudonym_,
                  .playbook = playbook_,
                  .journey = journey_,
                  .trail = profile.trail,
                  .entries = entries_,
                  .segments = derivation.segments});
  }

 private:
  const ExportJourneysRequest& request_;
  const playbook::Playbook& playbook_;
  const playbook::Journey& journey_;
  const Selector selector_;
  const decision::TokenKey& key_;
  const absl::Time now_;
  engine::Deriver deriver_;
  std::vector<TimelineEntry> entries_;
  std::string pseudonym_;
};

}  // namespace

absl::Status ExportJourneys(const Environment& environment, const ExportJourneysRequest& request,
                            const std::shared_ptr<Cancellation>& cancellation,
                            absl::FunctionRef<bool(const JourneyTrace&)> trace,
                            absl::FunctionRef<bool(const WalkProgress&)> page) {
  const auto playbook = environment.playbooks.Current(request.tenant);
  if (!playbook.ok()) return playbook.status();
  const absl::StatusOr<size_t> journey = JourneyIn(**playbook, request.journey);
  if (!journey.ok()) return journey.status();
  absl::StatusOr<Selector> selector = Selector::Of(request.whom, **playbook);
  if (!selector.ok()) return selector.status();
  // Read with the playbooks.
  const std::shared_ptr<const decision::TokenKey> key = environment.playbooks.token_key();
  Tracer tracer(request, **playbook, (*playbook)->journeys[*journey], *std::move(selector), *key,
                environment.clock.Now());
  bool wanted = true;
  return Walk(
      environment.profiles, request.tenant, cancellation,
      [&](const std::string& customer, const store::StoredProfile& stored) {
        wanted = wanted && tracer.Trace(customer, stored.profile, trace);
      },
      [&](const WalkProgress& progress) {
        wanted = wanted && page(progress);
        return wanted ? absl::OkStatus() : absl::CancelledError("no more is wanted");
      });
}

}  // namespace waymark::batch
