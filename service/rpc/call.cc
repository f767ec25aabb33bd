#include "service/rpc/call.h"

#include <grpc/support/time.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "service/base/clock.h"

namespace waymark::rpc {

namespace {

// How long a thread takes what has come, at most, and then gives turns, before it looks again. What has come is taken
// whole, so that what is to be refused is refused soon; a fifth of the time at least goes to turns.
constexpr absl::Duration kTaking = absl::Milliseconds(2);
constexpr absl::Duration kGiving = absl::Microseconds(500);
// gRPC looks at one socket at a time, and says that there is nothing where it found a frame that is not a call's. Where
// turns will take a while, or more comes than can be answered, only so many such looks in a row mean that nothing has
// come.
constexpr size_t kLooks = 8;
// How long the thread waits for the store at a time, and does not see what comes to the queue.
constexpr absl::Duration kLookAway = absl::Microseconds(50);
// After how many turns the store is told what they ask for, so that it works while further turns are given. With 4 or
// 16, fewer calls are answered; with all together, a tenth fewer.
constexpr int kBunch = 8;
// When a refused call may come again.
constexpr int kSoonestMillis = 500;
constexpr int kLatestMillis = 1500;

}  // namespace

absl::Status TooManyCalls() {
  return absl::ResourceExhaustedError("more is asked of the service than it can answer: try again later");
}

void AskToComeLater(grpc::ServerContext& context) {
  thread_local absl::BitGen random;
  const int millis = absl::Uniform(absl::IntervalClosed, random, kSoonestMillis, kLatestMillis);
  context.AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(millis));
}

CallQueue::CallQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue, DeadlineRule deadlines, CallObserver* observer,
                     Admission& admission, base::SharedLoop* store)
    : queue_(std::move(queue)), deadlines_(deadlines), observer_(observer), admission_(admission), store_(store) {}

CallQueue::~CallQueue() = default;

absl::Time CallQueue::DeadlineOf(const grpc::ServerContext& context, absl::Time now) const {
  const gpr_timespec asked = gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC);
  if (gpr_time_cmp(asked, gpr_inf_future(GPR_CLOCK_MONOTONIC)) == 0) return now + deadlines_.if_none;
  const gpr_timespec left = gpr_time_sub(asked, gpr_now(GPR_CLOCK_MONOTONIC));
  return now + std::min(absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec), deadlines_.at_most);
}

void CallQueue::End() {
  if (live_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  absl::MutexLock lock(&mutex_);
  empty_ = true;
}

void CallQueue::Send(AnsweredCall& call) {
  if (std::this_thread::get_id() == thread_.load(std::memory_order_relaxed)) return call.SendAnswer();
  absl::MutexLock lock(&mutex_);
  answered_.push_back(&call);
  WakeThread();
}

void CallQueue::EndWork(CallClass of, int work) {
  work_[static_cast<size_t>(of)].fetch_sub(work);
  if (!held_up_.load() || !held_up_.exchange(false)) return;
  absl::MutexLock lock(&mutex_);
  WakeThread();
}

void CallQueue::WakeThread() {
  if (std::exchange(woken_, true)) return;
  alarm_.Set(queue_.get(), gpr_inf_past(GPR_CLOCK_REALTIME), static_cast<Event*>(&wake_));
}

void CallQueue::SendAnswers() {
  std::vector<AnsweredCall*> answered;
  {
    absl::MutexLock lock(&mutex_);
    woken_ = false;
    answered.swap(answered_);
  }
  for (AnsweredCall* call : answered) call->SendAnswer();
}

// False where the queue is shut down and empty.
bool CallQueue::Take(absl::Time until) {
  void* tag = nullptr;
  bool ok = false;
  size_t looks = 0;
  const bool flood = admission_.refuses();
  do {
    switch (queue_->AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_REALTIME))) {
      case grpc::CompletionQueue::GOT_EVENT:
        static_cast<Event*>(tag)->Happen(ok);
        looks = 0;
        break;
      case grpc::CompletionQueue::TIMEOUT:
        ++looks;
        break;
      case grpc::CompletionQueue::SHUTDOWN:
        return false;
    }
  } while (looks < (flood ? kLooks : std::min(kLooks, turns_.size())) && base::SteadyNow() < until);
  return true;
}

void CallQueue::GiveTurns(absl::Time until) {
  absl::Time now;
  int given = 0;
  do {
    const int64_t begun = begun_work_.load(std::memory_order_relaxed);
    WaitingCall* const next = turns_.Next([this](CallClass of) { return HasRoom(of); });
    if (next != nullptr) {
      next->TakeTurn();
      if (store_ != nullptr && ++given % kBunch == 0) store_->Turn(absl::ZeroDuration());
      turns_.Took(std::max<int64_t>(1, begun_work_.load(std::memory_order_relaxed) - begun));
    }
    now = base::SteadyNow();
    if (next == nullptr) break;
  } while (now < until);
  admission_.Turned(now, std::exchange(idle_, absl::ZeroDuration()));
}

bool CallQueue::SomebodysTurn() {
  const auto has_room = [this](CallClass of) { return HasRoom(of); };
  if (turns_.empty() || turns_.MayGoOn(has_room)) return !turns_.empty();
  held_up_.store(true);  // what ends now sees it, or it has ended and is seen
  return turns_.MayGoOn(has_room);
}

bool CallQueue::Await() {
  void* tag = nullptr;
  bool ok = false;
  if (store_ != nullptr && store_->IsGuests()) {
    switch (queue_->AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_REALTIME))) {
      case grpc::CompletionQueue::GOT_EVENT:
        static_cast<Event*>(tag)->Happen(ok);
        return true;
      case grpc::CompletionQueue::TIMEOUT:
        idle_ += store_->Turn(kLookAway);
        return true;
      case grpc::CompletionQueue::SHUTDOWN:
        return false;
    }
  }
  if (store_ != nullptr) store_->Leave();
  const absl::Time before = base::SteadyNow();
  if (!queue_->Next(&tag, &ok)) return false;
  idle_ += base::SteadyNow() - before;
  static_cast<Event*>(tag)->Happen(ok);
  return true;
}

void CallQueue::Run() {
  thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  if (store_ != nullptr) store_->SetGuest(std::this_thread::get_id());
  bool open = true;
  while (open || !turns_.empty()) {
    if (!SomebodysTurn()) {
      if (!Await()) break;
      if (!SomebodysTurn()) continue;
    }
    open = open && Take(base::SteadyNow() + kTaking);
    GiveTurns(base::SteadyNow() + kGiving);
    if (store_ == nullptr) continue;
    // Where there is more to do here, the store's own thread answers meanwhile.
    if (turns_.empty()) {
      store_->Turn(absl::ZeroDuration());
    } else {
      store_->Leave();
    }
  }
  if (store_ == nullptr) return;
  store_->Leave();
  store_->SetGuest(std::thread::id());
}

void CallQueue::Close() {
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&empty_));
  }
  queue_->Shutdown();
}

void CallQueue::Abandon() {
  queue_->Shutdown();
  Run();
}

}  // namespace waymark::rpc
