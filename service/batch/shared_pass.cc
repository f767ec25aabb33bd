#include "service/batch/shared_pass.h"

#include <algorithm>
#include <deque>
#include <system_error>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "service/base/clock.h"
#include "service/base/status_macros.h"

namespace waymark::batch {
namespace {

using store::ProfileStore;
using store::RunClaim;
using store::RunCounts;
using store::RunState;

// What a run that is cancelled, or whose store went away, gets to give its claims up.
constexpr absl::Duration kFarewell = absl::Seconds(1);

// Between the thread that claims pages and those that do them. Thread-safe.
class Exchange {
 public:
  struct Part {
    uint64_t claim = 0;
    ClaimedPages pages;
  };
  struct DonePart {
    uint64_t claim = 0;
    RunCounts counts;
  };

  Exchange(std::shared_ptr<Cancellation> cancellation, size_t max_waiting)
      : cancellation_(std::move(cancellation)), max_waiting_(max_waiting) {}

  void Give(Part part) {
    absl::MutexLock lock(&cancellation_->mutex());
    waiting_.push_back(std::move(part));
    ++outstanding_;
  }

  // For who does them: nullopt when there is no more to do.
  absl::optional<Part> Take() {
    absl::MutexLock lock(&cancellation_->mutex());
    const absl::Status status =
        cancellation_->Await([this] { return !waiting_.empty() || closed_; }, absl::InfiniteFuture());
    if (!status.ok() || closed_) return absl::nullopt;
    Part part = std::move(waiting_.front());
    waiting_.pop_front();
    return part;
  }

  void Return(DonePart part, const absl::Status& status) {
    absl::MutexLock lock(&cancellation_->mutex());
    --outstanding_;
    problem_.Update(status);
    (status.ok() ? done_ : abandoned_).push_back(std::move(part));
  }

  // Waits until another part is wanted, or (where `all_claimed`) until one is done; at most until the deadline. What is
  // wrong with one.
  absl::Status Wait(bool all_claimed, absl::Time deadline) {
    absl::MutexLock lock(&cancellation_->mutex());
    const auto ready = [&] {
      return !problem_.ok() || (all_claimed ? !done_.empty() || outstanding_ == 0 : waiting_.size() < max_waiting_);
    };
    absl::Status status = cancellation_->Await(ready, deadline);
    if (!status.ok() && !absl::IsDeadlineExceeded(status)) return status;
    return problem_;
  }

  std::vector<DonePart> TakeDone() {
    absl::MutexLock lock(&cancellation_->mutex());
    return std::exchange(done_, {});
  }
  // Those that were not done to their end.
  std::vector<DonePart> TakeAbandoned() {
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
  // Whether somebody has, or will get, a part.
  bool Busy() const {
    absl::MutexLock lock(&cancellation_->mutex());
    return outstanding_ > 0;
  }
  // Nothing that waits is done any more.
  void Close() {
    absl::MutexLock lock(&cancellation_->mutex());
    closed_ = true;
  }

 private:
  const std::shared_ptr<Cancellation> cancellation_;
  const size_t max_waiting_;
  // Under the cancellation's mutex.
  std::deque<Part> waiting_;
  std::vector<DonePart> done_;
  std::vector<DonePart> abandoned_;
  absl::Status problem_;  // the first
  int outstanding_ = 0;   // given, and not returned
  bool closed_ = false;
};

// One call's part in a run, on the thread that claims pages.
class Participant {
 public:
  Participant(const Environment& environment, const PassTask& task, int workers, const PassOptions& options,
              const std::shared_ptr<Cancellation>& cancellation)
      : environment_(environment),
        task_(task),
        workers_(workers),
        options_(options),
        cancellation_(cancellation),
        run_(environment.records, task.record, cancellation),
        exchange_(cancellation, static_cast<size_t>(workers)) {}

  absl::StatusOr<Joining> Join() {
    const absl::Time now = environment_.clock.Now();
    return run_.Join(task_.rule, [&](const RunState& before) {
      return BeginRun(before, NewRandomId(), task_.basis, now, task_.segments, task_.stages);
    });
  }

  absl::Status Work(absl::FunctionRef<void(const RunState&)> progress) {
    as_of_ = run_.state().as_of;
    std::vector<std::thread> threads;
    absl::Status status = StartThreads(threads);
    if (status.ok()) status = GoOn(progress);
    exchange_.Close();
    // Where the run was replaced, the caller may want to take part in the other one.
    if (!status.ok() && !absl::IsAborted(status)) cancellation_->Cancel(status);
    for (std::thread& thread : threads) thread.join();
    if (!status.ok()) GiveUp();
    return status;
  }

  const RunState& state() const { return run_.state(); }

 private:
  absl::Status StartThreads(std::vector<std::thread>& threads) {
    threads.reserve(static_cast<size_t>(workers_));
    try {
      for (int i = 0; i < workers_; ++i) threads.emplace_back([this] { DoParts(); });
    } catch (const std::system_error&) {
      return absl::ResourceExhaustedError("the system has no thread for batch work");
    }
    return absl::OkStatus();
  }

  void DoParts() {
    while (absl::optional<Exchange::Part> part = exchange_.Take()) {
      Exchange::DonePart done{part->claim, {}};
      const absl::Status status = task_.work(part->pages, as_of_, cancellation_, done.counts);
      exchange_.Return(std::move(done), status);
    }
  }

  absl::Status GoOn(absl::FunctionRef<void(const RunState&)> progress) {
    int64_t told = run_.state().counts.profiles;
    while (!run_.over()) {
      WAYMARK_RETURN_IF_ERROR(cancellation_->status());
      WAYMARK_RETURN_IF_ERROR(Step());
      if (run_.over() || run_.state().counts.profiles == told) continue;
      told = run_.state().counts.profiles;
      progress(run_.state());
    }
    progress(run_.state());
    return absl::OkStatus();
  }

  // Whoever has a newer playbook or population begins a run of its own: this one would undo what that one writes.
  absl::Status CheckBasis() const {
    const auto current = environment_.playbooks.Current(task_.tenant);
    if (!current.ok() || !IsNewer(BasisFor(**current), task_.basis)) return absl::OkStatus();
    return absl::AbortedError("a newer playbook or population came meanwhile: begin again with that one");
  }

  Worker Self() const { return {.id = worker_, .now = options_.machine(), .lease = options_.lease}; }

  // Counts what is done, and claims pages where some are wanted and there are some; else waits for its own threads, or
  // for the other workers.
  absl::Status Step() {
    WAYMARK_RETURN_IF_ERROR(CheckBasis());
    WAYMARK_RETURN_IF_ERROR(exchange_.problem());
    const bool wants = exchange_.Wants();
    if (wants && !run_.state().exhausted) {
      const absl::Status named = NameNextPages();
      if (absl::IsOutOfRange(named)) return BeginAgain(run_.state().next, 0);
      WAYMARK_RETURN_IF_ERROR(named);
    }
    absl::optional<RunClaim> claim;
    WAYMARK_RETURN_IF_ERROR(CountAndClaim(wants, claim));
    if (run_.over()) return absl::OkStatus();
    if (claim.has_value()) {
      const absl::Status begun = Begin(*claim);
      return absl::IsOutOfRange(begun) ? BeginAgain("", claim->id) : begun;
    }
    if (!wants || exchange_.Busy()) {
      return exchange_.Wait(run_.state().exhausted, base::SteadyNow() + options_.lease / 3);
    }
    if (!run_.state().exhausted) return absl::OkStatus();  // others claimed the pages that were named
    absl::MutexLock lock(&cancellation_->mutex());
    const absl::Status waited = cancellation_->Await([] { return false; }, base::SteadyNow() + options_.poll);
    return absl::IsDeadlineExceeded(waited) ? absl::OkStatus() : waited;
  }

  // The store was restarted, and its cursors mean nothing any more: neither that of the next page (`next`), nor those
  // of a claim. Whoever sees it first has the run begin again. What was derived is written, so that costs reading
  // alone.
  absl::Status BeginAgain(const std::string& next, uint64_t claim) {
    named_.reset();
    coming_ = {};
    return run_.Change([&](RunState& run) {
      const bool stale = claim == 0 ? !run.exhausted && run.next == next
                                    : std::any_of(run.claims.begin(), run.claims.end(),
                                                  [&](const RunClaim& held) { return held.id == claim; });
      if (stale) Rewind(run);
      return stale;
    });
  }

  // One compare-and-set for everything; none where there is nothing to say. Where all is claimed, a look at what the
  // others did.
  absl::Status CountAndClaim(bool wants, absl::optional<RunClaim>& claim) {
    for (Exchange::DonePart& part : exchange_.TakeDone()) done_.push_back(std::move(part));
    const Worker self = Self();
    bool written = false;
    WAYMARK_RETURN_IF_ERROR(run_.Change([&](RunState& run) {
      CountDone(run);
      claim = absl::nullopt;
      if (exchange_.Busy()) Renew(run, self);  // first: what the threads have is not free, however late this is
      if (wants) claim = TakeOver(run, self);
      if (wants && !claim.has_value() && named_.has_value()) {
        claim = ClaimNext(run, named_->from, named_->until, self);
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

  void CountDone(RunState& run) const {
    for (const Exchange::DonePart& part : done_) Complete(run, part.claim, part.counts, task_.add_journeys);
  }

  // Has the names of what is to be claimed next, as far as is known, and those of the page after it on their way.
  absl::Status NameNextPages() {
    const std::string& next = run_.state().next;
    if (named_.has_value() && named_->from == next) return absl::OkStatus();
    if (!coming_.valid() || coming_from_ != next) BeginNaming(next);
    Named named{.from = next};
    do {
      absl::StatusOr<ProfileStore::Page> page = coming_.Take();
      if (!page.ok()) return page.status();
      named.names.push_back(std::move(page->customers));
      named.until = std::move(page->next_cursor);
      if (!named.until.empty()) BeginNaming(named.until);
    } while (!named.until.empty() && named.names.size() < static_cast<size_t>(task_.pages_per_claim));
    named_ = std::move(named);
    return absl::OkStatus();
  }
  void BeginNaming(const std::string& from) {
    coming_from_ = from;
    coming_ = BeginScan(environment_.profiles, task_.tenant, from, "", cancellation_);
  }

  // Has the first of the claimed pages read, and gives them to who does them.
  absl::Status Begin(const RunClaim& claim) {
    NamedPages names;
    if (named_.has_value() && named_->from == claim.from && named_->until == claim.until) {
      names = std::move(named_->names);
      named_.reset();
    } else {
      WAYMARK_RETURN_IF_ERROR(NameAgain(claim, names));
    }
    exchange_.Give({claim.id, ClaimedPages(environment_.profiles, task_.tenant, std::move(names), cancellation_)});
    return absl::OkStatus();
  }

  // The customers of pages that another worker claimed.
  absl::Status NameAgain(const RunClaim& claim, NamedPages& names) {
    std::string cursor = claim.from;
    do {
      absl::StatusOr<ProfileStore::Page> page =
          BeginScan(environment_.profiles, task_.tenant, cursor, claim.until, cancellation_).Take();
      if (!page.ok()) return page.status();
      names.push_back(std::move(page->customers));
      cursor = std::move(page->next_cursor);
    } while (!cursor.empty());
    return absl::OkStatus();
  }

  // Counts what is done, and lets others have the rest at once. Where that does not work, they have it when the claims
  // expire.
  void GiveUp() {
    for (Exchange::DonePart& part : exchange_.TakeDone()) done_.push_back(std::move(part));
    const std::vector<Exchange::DonePart> abandoned = exchange_.TakeAbandoned();
    run_.BeginFarewell(std::make_shared<Cancellation>(), kFarewell);
    if (!run_.Refresh().ok() || run_.over()) return;
    run_.Change([&](RunState& run) {
          CountDone(run);
          for (const Exchange::DonePart& part : abandoned) AddChanged(run, part.claim, part.counts.changed);
          Release(run, worker_);
          return true;
        })
        .IgnoreError();
  }

  struct Named {
    std::string from;
    std::string until;
    NamedPages names;
  };

  const Environment environment_;
  const PassTask& task_;
  const int workers_;
  const PassOptions& options_;
  const std::shared_ptr<Cancellation> cancellation_;
  const uint64_t worker_ = NewRandomId();
  absl::Time as_of_;  // constant while there are threads
  SharedRun run_;
  Exchange exchange_;
  std::vector<Exchange::DonePart> done_;  // not counted yet
  absl::optional<Named> named_;           // what is to be claimed next
  Pending<ProfileStore::Page> coming_;    // the page after it
  std::string coming_from_;
  absl::Time renewed_ = absl::InfinitePast();
};

}  // namespace

Basis BasisFor(const playbook::Playbook& playbook) {
  return {.playbook_version = playbook.version,
          .population_version = playbook.population == nullptr ? 0 : playbook.population->version};
}

absl::StatusOr<RunState> TakePart(const Environment& environment, const PassTask& task, int workers,
                                  const PassOptions& options, const std::shared_ptr<Cancellation>& cancellation,
                                  absl::FunctionRef<void(const RunState&)> progress) {
  Participant participant(environment, task, workers, options, cancellation);
  const absl::StatusOr<Joining> joining = participant.Join();
  if (!joining.ok()) return joining.status();
  if (*joining != Joining::kAnswered) WAYMARK_RETURN_IF_ERROR(participant.Work(progress));
  return participant.state();
}

}  // namespace waymark::batch
