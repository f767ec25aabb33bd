#include "service/batch/resegment.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/batch/derive_page.h"
#include "service/batch/shared_run.h"

namespace waymark::batch {
namespace {

using store::RunCounts;
using store::RunState;

constexpr int kMaxWorkers = 16;
// Takes part in the run that is under way with the same basis; else, and with `restart` in any case, begins one.
absl::StatusOr<Joining> JoinOf(const RunState& run, bool restart, const Basis& basis) {
  if (restart) return Joining::kBegin;
  if (IsNewer(BasisOf(run), basis)) {
    return absl::UnavailableError(
        "the last re-segmentation is of a newer playbook, which is not here yet: try again, or restart it where that "
        "playbook is gone");
  }
  return IsOver(run) || BasisOf(run) != basis ? Joining::kBegin : Joining::kTakePart;
}

// One call's work, on a batch thread.
class Resegmentation {
 public:
  Resegmentation(const Environment& environment, const ResegmentRequest& request,
                 std::shared_ptr<const playbook::Playbook> playbook)
      : environment_(environment),
        request_(request),
        playbook_(playbook),
        deriver_(environment.profiles, request.tenant, std::move(playbook)) {}

  absl::Status Work(const PassOptions& options, const std::shared_ptr<Cancellation>& cancellation,
                    absl::AnyInvocable<void(const ResegmentProgress&)>& progress) const {
    const Basis basis = BasisFor(*playbook_);
    const PassTask task{.tenant = request_.tenant,
                        .record = absl::StrCat("resegment/", request_.tenant),
                        .basis = basis,
                        .segments = deriver_.tally().segments(),
                        .stages = deriver_.tally().stages(),
                        .rule = [&](const RunState& run) { return JoinOf(run, request_.restart, basis); },
                        .work = [&](ClaimedPages& pages, absl::Time, const std::shared_ptr<Cancellation>& cancelled,
                                    RunCounts& counts) { return Derive(pages, cancelled, counts); },
                        .add_journeys = [](absl::string_view, std::string&) {}};
    return TakePart(environment_, task, request_.workers, options, cancellation,
                    [&](const RunState& run) { progress(ProgressOf(run)); })
        .status();
  }

 private:
  absl::Status Derive(ClaimedPages& pages, const std::shared_ptr<Cancellation>& cancellation, RunCounts& counts) const {
    while (absl::optional<PageOnItsWay> page = pages.Next()) {
      RunCounts of_page;
      const absl::Status status = deriver_.Derive(*std::move(page), environment_.clock.Now(), cancellation, of_page);
      environment_.threads.CountResegmented(of_page);
      AddCounts(of_page, counts);
      WAYMARK_RETURN_IF_ERROR(status);
    }
    return absl::OkStatus();
  }

  ResegmentProgress ProgressOf(const RunState& run) const {
    ResegmentProgress progress{.playbook = playbook_,
                               .profiles = run.counts.profiles,
                               .changed = run.counts.changed,
                               .damaged = run.counts.damaged,
                               .estimated_total = environment_.profiles.EstimatedCount(request_.tenant),
                               .done = IsOver(run)};
    if (!progress.done) return progress;
    progress.members = run.counts.members;
    progress.members.resize(deriver_.tally().segments());
    std::vector<int64_t> customers = run.counts.customers;
    customers.resize(deriver_.tally().stages());
    auto next = customers.begin();
    for (const playbook::Journey& journey : playbook_->journeys) {
      const auto end = next + static_cast<int64_t>(journey.stages.size());
      progress.customers.emplace_back(next, end);
      next = end;
    }
    return progress;
  }

  const Environment& environment_;
  const ResegmentRequest& request_;
  const std::shared_ptr<const playbook::Playbook> playbook_;
  const PageDeriver deriver_;
};

}  // namespace

std::shared_ptr<Cancellation> Resegment(const Environment& environment, const ResegmentRequest& request,
                                        absl::AnyInvocable<void(const ResegmentProgress&)> progress,
                                        absl::AnyInvocable<void(absl::Status)> done, const PassOptions& options) {
  if (request.workers < 1 || request.workers > kMaxWorkers) {
    done(base::FieldError("workers", "1 to 16"));
    return nullptr;
  }
  auto playbook = environment.playbooks.Current(request.tenant);
  if (!playbook.ok()) {
    done(playbook.status());
    return nullptr;
  }
  // Called in any case: by the thread, or here where there is none for it.
  auto shared_done = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(std::move(done));
  absl::StatusOr<std::shared_ptr<Cancellation>> started = environment.threads.Start(
      request.tenant, request.workers + 1,
      [environment, request, options, playbook = *std::move(playbook), progress = std::move(progress),
       shared_done](const std::shared_ptr<Cancellation>& cancellation) mutable {
        absl::Status status =
            Resegmentation(environment, request, std::move(playbook)).Work(options, cancellation, progress);
        (*shared_done)(std::move(status));
      });
  if (started.ok()) return *std::move(started);
  (*shared_done)(started.status());
  return nullptr;
}

}  // namespace waymark::batch
