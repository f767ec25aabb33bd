#include "service/batch/watches.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "segmentation/stable_hash.h"
#include "service/base/clock.h"
#include "service/base/field_error.h"

namespace waymark::batch {

using segmentation::NameId;
using store::ChangeFeed;
using store::MembershipChange;

namespace {

absl::Status CheckSegments(const WatchRequest& request, const playbook::Playbook& playbook) {
  if (request.segments.empty()) return absl::OkStatus();
  if (request.segments.size() > playbook.segments.size()) {
    return base::FieldError("segments", "more than the playbook has");
  }
  absl::flat_hash_set<absl::string_view> names;
  for (const playbook::Segment& segment : playbook.segments) names.insert(segment.name);
  for (size_t i = 0; i < request.segments.size(); ++i) {
    if (names.contains(request.segments[i])) continue;
    return absl::NotFoundError(absl::StrCat("segments[", i, "]: there is no such segment"));
  }
  return absl::OkStatus();
}

}  // namespace

// One at a time of: reading the feed, sending, waiting to read again. So its state needs no lock.
class Watches::Watch final : public Handle, public std::enable_shared_from_this<Watch> {
 public:
  Watch(Watches& watches, const WatchRequest& request, Send send, absl::AnyInvocable<void(absl::Status)> done)
      : watches_(watches),
        tenant_(request.tenant),
        cursor_(request.cursor),
        send_(std::move(send)),
        done_(std::move(done)) {
    for (const std::string& segment : request.segments) only_.insert(segmentation::NameIdOf(segment));
  }

  void Cancel() override { cancelled_.store(true, std::memory_order_relaxed); }

  void Begin() {
    if (!cursor_.empty()) return Read();
    watches_.feed_.End(tenant_, Deadline(), [self = shared_from_this()](absl::StatusOr<std::string> end) {
      if (!end.ok()) return self->Finish(end.status());
      self->cursor_ = *std::move(end);
      self->SendOn({}, /*more=*/false);
    });
  }

  void Read() {
    if (cancelled_.load(std::memory_order_relaxed)) return Finish(absl::CancelledError("stopped"));
    if (watches_.stopping()) return Finish(Stopping());
    watches_.feed_.Read(tenant_, cursor_, watches_.options_.page, Deadline(),
                        [self = shared_from_this()](absl::StatusOr<ChangeFeed::Changes> changes) {
                          if (!changes.ok()) return self->Finish(changes.status());
                          // The store's thread has others to serve.
                          self->watches_.worker_.Post(
                              [self, changes = *std::move(changes)]() mutable { self->Take(std::move(changes)); });
                        });
  }

  void Finish(absl::Status status) {
    if (absl::IsDeadlineExceeded(status)) status = absl::UnavailableError("the store does not answer in time");
    done_(std::move(status));
    done_ = nullptr;
    send_ = nullptr;  // whom it sends to may hold this watch
    watches_.End();
  }

  static absl::Status Stopping() {
    return absl::UnavailableError("the service is stopping: go on from the last cursor with another replica");
  }

 private:
  absl::Time Deadline() const { return base::SteadyNow() + watches_.options_.store_timeout; }

  void Take(ChangeFeed::Changes read) {
    LearnNames();
    const size_t found = read.changes.size();
    std::vector<NamedChange> changes;
    size_t taken = 0;
    for (size_t bytes = 0; taken < found && bytes < watches_.options_.message_bytes; ++taken) {
      if (read.changes[taken].playbook_version > learned_) break;
      NamedChange named = Named(std::move(read.changes[taken]));
      if (named.entered.empty() && named.left.empty()) continue;
      bytes += SizeOf(named);
      changes.push_back(std::move(named));
    }
    if (taken == found || taken > 0) cursor_ = read.CursorAfter(taken);
    const bool early = taken < found && read.changes[taken].playbook_version > learned_;
    early_since_ = early && taken == 0 ? std::min(early_since_, base::SteadyNow()) : absl::InfiniteFuture();
    if (base::SteadyNow() - early_since_ > watches_.options_.playbook_timeout) {
      return Finish(absl::UnavailableError("the next change is of a newer playbook, which is not here yet: try again"));
    }
    const bool more = !early && (taken < found || read.more);
    const bool silent = base::SteadyNow() - sent_at_ < watches_.options_.keep_alive;
    if (changes.empty() && silent) return watches_.GoOn(shared_from_this(), more);
    SendOn(std::move(changes), more);
  }

  void SendOn(std::vector<NamedChange> changes, bool more) {
    sent_at_ = base::SteadyNow();
    send_(std::move(changes), cursor_, [self = shared_from_this(), more](bool wanted) {
      if (!wanted) return self->Finish(absl::CancelledError("no more is wanted"));
      self->watches_.GoOn(self, more);
    });
  }

  // The names of the current playbook, beside those of the ones before it: of what a new playbook no longer has,
  // everyone leaves.
  void LearnNames() {
    const auto playbook = watches_.playbooks_.Current(tenant_);
    if (!playbook.ok() || (*playbook)->version == learned_) return;
    learned_ = (*playbook)->version;
    for (const playbook::Segment& segment : (*playbook)->segments) names_[segment.id] = segment.name;
  }

  NamedChange Named(MembershipChange change) const {
    return {.customer = std::move(change.customer),
            .entered = NamesOf(change.entered),
            .left = NamesOf(change.left),
            .playbook_version = change.playbook_version,
            .stored_at = change.stored_at};
  }

  // About what it takes in a message.
  static size_t SizeOf(const NamedChange& change) {
    size_t size = 32 + change.customer.size();
    for (const auto* names : {&change.entered, &change.left}) {
      for (const std::string& name : *names) size += 2 + name.size();
    }
    return size;
  }

  std::vector<std::string> NamesOf(const std::vector<NameId>& segments) const {
    std::vector<std::string> names;
    for (NameId segment : segments) {
      if (!only_.empty() && !only_.contains(segment)) continue;
      if (const auto found = names_.find(segment); found != names_.end()) names.push_back(found->second);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Watches& watches_;
  const std::string tenant_;
  std::string cursor_;
  absl::flat_hash_set<NameId> only_;
  Send send_;
  absl::AnyInvocable<void(absl::Status)> done_;
  std::atomic<bool> cancelled_{false};
  absl::Time sent_at_ = absl::InfinitePast();  // so that the first message comes at once
  // Since when the next change is of a newer playbook.
  absl::Time early_since_ = absl::InfiniteFuture();
  uint64_t learned_ = 0;  // the version whose names are known
  absl::flat_hash_map<NameId, std::string> names_;
};

Watches::Watches(store::ChangeFeed& feed, engine::Playbooks& playbooks, const WatchOptions& options)
    : feed_(feed), playbooks_(playbooks), options_(options), worker_([this] { return Tick(); }) {}

Watches::~Watches() {
  Stop();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &Watches::Idle));
}

std::shared_ptr<Watches::Handle> Watches::Begin(const WatchRequest& request, Send send,
                                                absl::AnyInvocable<void(absl::Status)> done) {
  const auto playbook = playbooks_.Current(request.tenant);
  if (!playbook.ok()) {
    done(playbook.status());
    return nullptr;
  }
  if (absl::Status status = CheckSegments(request, **playbook); !status.ok()) {
    done(std::move(status));
    return nullptr;
  }
  if (absl::Status status = Admit(); !status.ok()) {
    done(std::move(status));
    return nullptr;
  }
  auto watch = std::make_shared<Watch>(*this, request, std::move(send), std::move(done));
  watch->Begin();
  return watch;
}

void Watches::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

bool Watches::stopping() const {
  absl::MutexLock lock(&mutex_);
  return stopping_;
}

absl::Status Watches::Admit() {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return Watch::Stopping();
  if (running_ >= options_.max_watches) {
    return absl::ResourceExhaustedError("too many watch the changes: wait until some have ended");
  }
  ++running_;
  return absl::OkStatus();
}

void Watches::End() {
  absl::MutexLock lock(&mutex_);
  --running_;
}

absl::Duration Watches::Tick() {
  std::vector<std::shared_ptr<Watch>> due;
  {
    absl::MutexLock lock(&mutex_);
    due.swap(waiting_);
  }
  for (const std::shared_ptr<Watch>& watch : due) watch->Read();
  return options_.poll;
}

void Watches::GoOn(std::shared_ptr<Watch> watch, bool now) {
  if (now) return worker_.Post([watch = std::move(watch)] { watch->Read(); });
  absl::MutexLock lock(&mutex_);
  waiting_.push_back(std::move(watch));
}

}  // namespace waymark::batch
