#include "service/batch/resegment.h"

#include <algorithm>
#include <deque>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/batch/claims.h"
#include "service/batch/derive_page.h"
#include "service/batch/shared_run.h"
#include "service/batch/walk.h"

namespace waymark::batch {
namespace {

using store::ProfileStore;
using store::ResegmentClaim;
using store::ResegmentCounts;

constexpr int kMaxWorkers = 16;
// What a run that is cancelled, or whose store went away, gets to give its claims up.
constexpr absl::Duration kFarewell = absl::Seconds(1);

Basis BasisFor(const playbook::Playbook& playbook) {
  return {.playbook_version = playbook.version,
          .population_version = playbook.population == nullptr ? 0 : playbook.population->version};
}

// Between the thread that claims pages and those that derive them. Thread-safe.
class Exchange {
 public:
  struct Page {
    uint64_t claim = 0;
    PageOnItsWay page;
  };
  struct DonePage {
    uint64_t claim = 0;
    ResegmentCounts counts;
  };

  Exchange(std::shared_ptr<Cancellation> cancellation, size_t max_waiting)
      : cancellation_(std::move(cancellation)), max_waiting_(max_waiting) {}

  void Give(Page page) {
    absl::MutexLock lock(&cancellation_->mutex());
    waiting_.push_back(std::move(page));
    ++outstanding_;
  }

  // For a deriver: nullopt when there is no more to do.
  absl::optional<Page> Take() {
    absl::MutexLock lock(&cancellation_->mutex());
    const absl::Status status =
        cancellation_->Await([this] { return !waiting_.empty() || closed_; }, absl::InfiniteFuture());
    if (!status.ok() || waiting_.empty()) return absl::nullopt;
    Page page = std::move(waiting_.front());
    waiting_.pop_front();
    return page;
  }

  void Return(DonePage page, const absl::Status& status) {
    absl::MutexLock lock(&cancellation_->mutex());
    --outstanding_;
    problem_.Update(status);
    (status.ok() ? done_ : abandoned_).push_back(std::move(page));
  }

  // Waits until another page is wanted, or (where `all_claimed`) until one is done; at most until the deadline. What is
  // wrong with a page.
  absl::Status Wait(bool all_claimed, absl::Time deadline) {
    absl::MutexLock lock(&cancellation_->mutex());
    const auto ready = [&] {
      return !problem_.ok() || (all_claimed ? !done_.empty() || outstanding_ == 0 : waiting_.size() < max_waiting_);
    };
    absl::Status status = cancellation_->Await(ready, deadline);
    if (!status.ok() && !absl::IsDeadlineExceeded(status)) return status;
    return problem_;
  }

  std::vector<DonePage> TakeDone() {
    absl::MutexLock lock(&cancellation_->mutex());
    return std::exchange(done_, {});
  }
  // Those that were not done to their end.
  std::vector<DonePage> TakeAbandoned() {
    absl::MutexLock lock(&cancellation_->mutex());
    return std::exchange(abandoned_, {});
  }
  absl::Status problem() const {
    absl::MutexLock lock(&cancellation_->mutex());
    return problem_;
  }
  bool Wants() const {
    absl::MutexLock lock(&cancellation_->mutex());
    return waiting_.size() < max_waiting_;
  }
  // Whether derivers have or will get pages.
  bool Busy() const {
    absl::MutexLock lock(&cancellation_->mutex());
    return outstanding_ > 0;
  }
  void Close() {
    absl::MutexLock lock(&cancellation_->mutex());
    closed_ = true;
  }

 private:
  const std::shared_ptr<Cancellation> cancellation_;
  const size_t max_waiting_;
  // Under the cancellation's mutex.
  std::deque<Page> waiting_;
  std::vector<DonePage> done_;
  std::vector<DonePage> abandoned_;
  absl::Status problem_;  // the first
  int outstanding_ = 0;   // given, and not returned
  bool closed_ = false;
};

// One call's part in a run, on the thread that claims pages.
class Participant {
 public:
  Participant(const Environment& environment, const ResegmentRequest& request, const ResegmentOptions& options,
              std::shared_ptr<const playbook::Playbook> playbook, std::shared_ptr<Cancellation> cancellation)
      : environment_(environment),
        request_(request),
        options_(options),
        playbook_(playbook),
        cancellation_(std::move(cancellation)),
        deriver_(environment.profiles, request.tenant, std::move(playbook)),
        run_(environment.records, request.tenant, cancellation_),
        exchange_(cancellation_, static_cast<size_t>(request.workers)) {}

  absl::Status Work(absl::AnyInvocable<void(const ResegmentProgress&)>& progress) {
    std::vector<std::thread> derivers;
    absl::Status status = StartDerivers(derivers);
    if (status.ok()) status = TakePart(progress);
    exchange_.Close();
    if (!status.ok()) cancellation_->Cancel(status);
    for (std::thread& deriver : derivers) deriver.join();
    if (!status.ok()) GiveUp();
    return status;
  }

 private:
  absl::Status StartDerivers(std::vector<std::thread>& derivers) {
    derivers.reserve(static_cast<size_t>(request_.workers));
    try {
      for (int i = 0; i < request_.workers; ++i) derivers.emplace_back([this] { DerivePages(); });
    } catch (const std::system_error&) {
      return absl::ResourceExhaustedError("the system has no thread for batch work");
    }
    return absl::OkStatus();
  }

  void DerivePages() {
    while (absl::optional<Exchange::Page> page = exchange_.Take()) {
      Exchange::DonePage done{page->claim, {}};
      const absl::Status status =
          deriver_.Derive(std::move(page->page), environment_.clock.Now(), cancellation_, done.counts);
      environment_.threads.CountResegmented(done.counts);
      exchange_.Return(std::move(done), status);
    }
  }

  absl::Status TakePart(absl::AnyInvocable<void(const ResegmentProgress&)>& progress) {
    WAYMARK_RETURN_IF_ERROR(
        run_.Join(request_.restart, BasisFor(*playbook_), deriver_.tally().segments(), deriver_.tally().stages()));
    int64_t told = run_.state().counts.profiles;
    while (!run_.over()) {
      WAYMARK_RETURN_IF_ERROR(cancellation_->status());
      WAYMARK_RETURN_IF_ERROR(Step());
      if (run_.over() || run_.state().counts.profiles == told) continue;
      told = run_.state().counts.profiles;
      progress(Progress());
    }
    progress(Progress());
    return absl::OkStatus();
  }

  // Whoever has a newer playbook or population begins a run of its own: this one would undo what that one writes.
  absl::Status CheckBasis() const {
    const auto current = environment_.playbooks.Current(request_.tenant);
    if (!current.ok() || !IsNewer(BasisFor(**current), BasisFor(*playbook_))) return absl::OkStatus();
    return absl::AbortedError("a newer playbook or population came meanwhile: re-segment with that one");
  }

  Worker Self() const { return {.id = worker_, .now = options_.machine(), .lease = options_.lease}; }

  // Counts what is done, and claims a page where one is wanted and there is one; else waits for the derivers, or for
  // the other workers.
  absl::Status Step() {
    WAYMARK_RETURN_IF_ERROR(CheckBasis());
    WAYMARK_RETURN_IF_ERROR(exchange_.problem());
    const bool wants = exchange_.Wants();
    if (wants && !run_.state().exhausted) {
      const absl::Status named = NameNextPage();
      if (absl::IsOutOfRange(named)) return BeginAgain(run_.state().next, 0);
      WAYMARK_RETURN_IF_ERROR(named);
    }
    absl::optional<ResegmentClaim> claim;
    WAYMARK_RETURN_IF_ERROR(CountAndClaim(wants, claim));
    if (run_.over()) return absl::OkStatus();
    if (claim.has_value()) {
      const absl::Status begun = Begin(*claim);
      return absl::IsOutOfRange(begun) ? BeginAgain("", claim->id) : begun;
    }
    if (!wants || exchange_.Busy()) {
      return exchange_.Wait(run_.state().exhausted, absl::Now() + options_.lease / 3);
    }
    if (!run_.state().exhausted) return absl::OkStatus();  // others claimed the page that was named
    absl::MutexLock lock(&cancellation_->mutex());
    const absl::Status waited = cancellation_->Await([] { return false; }, absl::Now() + options_.poll);
    return absl::IsDeadlineExceeded(waited) ? absl::OkStatus() : waited;
  }

  // The store was restarted, and its cursors mean nothing any more: neither that of the next page (`next`), nor those
  // of a claim. Whoever sees it first has the run begin again. What was derived is written, so that costs reading
  // alone.
  absl::Status BeginAgain(const std::string& next, uint64_t claim) {
    named_.reset();
    coming_ = {};
    return run_.Change([&](store::ResegmentRun& run) {
      const bool stale = claim == 0 ? !run.exhausted && run.next == next
                                    : std::any_of(run.claims.begin(), run.claims.end(),
                                                  [&](const ResegmentClaim& held) { return held.id == claim; });
      if (stale) Rewind(run);
      return stale;
    });
  }

  // One compare-and-set for everything; none where there is nothing to say. Where all is claimed, a look at what the
  // others did.
  absl::Status CountAndClaim(bool wants, absl::optional<ResegmentClaim>& claim) {
    for (Exchange::DonePage& page : exchange_.TakeDone()) done_.push_back(std::move(page));
    const Worker self = Self();
    bool written = false;
    WAYMARK_RETURN_IF_ERROR(run_.Change([&](store::ResegmentRun& run) {
      for (const Exchange::DonePage& page : done_) Complete(run, page.claim, page.counts);
      claim = absl::nullopt;
      if (exchange_.Busy()) Renew(run, self);  // first: what the derivers have is not free, however late this is
      if (wants) claim = TakeOver(run, self);
      if (wants && !claim.has_value() && named_.has_value()) {
        claim = ClaimNext(run, named_->from, named_->page.next_cursor, self);
      }
      const bool renews = self.now >= renewed_ + options_.lease / 3;
      written = !done_.empty() || claim.has_value() || (renews && exchange_.Busy());
      if (written) Renew(run, self);
      return written;
    }));
    if (!written) return run_.state().exhausted ? run_.Refresh() : absl::OkStatus();
    renewed_ = self.now;
    done_.clear();
    return absl::OkStatus();
  }

  // Has the names of the page that is next, as far as is known, and those of the one after it on their way.
  absl::Status NameNextPage() {
    const std::string& next = run_.state().next;
    if (named_.has_value() && named_->from == next) return absl::OkStatus();
    if (!coming_.valid() || coming_from_ != next) BeginNaming(next);
    absl::StatusOr<ProfileStore::Page> page = coming_.Take();
    if (!page.ok()) return page.status();
    named_ = Named{next, *std::move(page)};
    if (!named_->page.next_cursor.empty()) BeginNaming(named_->page.next_cursor);
    return absl::OkStatus();
  }
  void BeginNaming(const std::string& from) {
    coming_from_ = from;
    coming_ = BeginScan(environment_.profiles, request_.tenant, from, "", cancellation_);
  }

  // Has a claimed page read, and gives it to the derivers.
  absl::Status Begin(const ResegmentClaim& claim) {
    std::vector<std::string> customers;
    if (named_.has_value() && named_->from == claim.from && named_->page.next_cursor == claim.until) {
      customers = std::move(named_->page.customers);
      named_.reset();
    } else {
      WAYMARK_RETURN_IF_ERROR(NameAgain(claim, customers));
    }
    exchange_.Give({claim.id, BeginLoad(environment_.profiles, request_.tenant, std::move(customers), cancellation_)});
    return absl::OkStatus();
  }

  // The customers of a page that another worker claimed.
  absl::Status NameAgain(const ResegmentClaim& claim, std::vector<std::string>& customers) {
    std::string cursor = claim.from;
    do {
      absl::StatusOr<ProfileStore::Page> page =
          BeginScan(environment_.profiles, request_.tenant, cursor, claim.until, cancellation_).Take();
      if (!page.ok()) return page.status();
      for (std::string& customer : page->customers) customers.push_back(std::move(customer));
      cursor = std::move(page->next_cursor);
    } while (!cursor.empty());
    return absl::OkStatus();
  }

  // Counts what is done, and lets others have the rest at once. Where that does not work, they have it when the claims
  // expire.
  void GiveUp() {
    for (Exchange::DonePage& page : exchange_.TakeDone()) done_.push_back(std::move(page));
    const std::vector<Exchange::DonePage> abandoned = exchange_.TakeAbandoned();
    run_.BeginFarewell(std::make_shared<Cancellation>(), kFarewell);
    if (!run_.Refresh().ok() || run_.over()) return;
    run_.Change([&](store::ResegmentRun& run) {
          for (const Exchange::DonePage& page : done_) Complete(run, page.claim, page.counts);
          for (const Exchange::DonePage& page : abandoned) AddChanged(run, page.claim, page.counts.changed);
          Release(run, worker_);
          return true;
        })
        .IgnoreError();
  }

  ResegmentProgress Progress() const {
    const store::ResegmentRun& run = run_.state();
    ResegmentProgress progress{.playbook = playbook_,
                               .profiles = run.counts.profiles,
                               .changed = run.counts.changed,
                               .damaged = run.counts.damaged,
                               .estimated_total = environment_.profiles.EstimatedCount(request_.tenant),
                               .done = run_.over()};
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

  struct Named {
    std::string from;
    ProfileStore::Page page;
  };

  const Environment environment_;
  const ResegmentRequest request_;
  const ResegmentOptions options_;
  const std::shared_ptr<const playbook::Playbook> playbook_;
  const std::shared_ptr<Cancellation> cancellation_;
  const PageDeriver deriver_;
  const uint64_t worker_ = NewRandomId();
  SharedRun run_;
  Exchange exchange_;
  std::vector<Exchange::DonePage> done_;  // not counted yet
  absl::optional<Named> named_;           // the page that is next
  Pending<ProfileStore::Page> coming_;    // the one after it
  std::string coming_from_;
  absl::Time renewed_ = absl::InfinitePast();
};

}  // namespace

std::shared_ptr<Cancellation> Resegment(const Environment& environment, const ResegmentRequest& request,
                                        absl::AnyInvocable<void(const ResegmentProgress&)> progress,
                                        absl::AnyInvocable<void(absl::Status)> done, const ResegmentOptions& options) {
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
        absl::Status status;
        {
          Participant participant(environment, request, options, std::move(playbook), cancellation);
          status = participant.Work(progress);
        }
        (*shared_done)(std::move(status));
      });
  if (started.ok()) return *std::move(started);
  (*shared_done)(started.status());
  return nullptr;
}

}  // namespace waymark::batch
