#include "service/store/redis/loop_thread.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "service/base/clock.h"

namespace waymark::store {
namespace {

// The guest turns the loop at least so often, or the loop's own thread does.
constexpr absl::Duration kGuestsTime = absl::Milliseconds(1);
// Where nothing comes for so long while the guest waits, the own thread waits for a while: the guest has to look at
// what else may come to it all the time, which is not worth it.
constexpr absl::Duration kWorthWaiting = absl::Milliseconds(1);
constexpr absl::Duration kOwnTime = absl::Milliseconds(100);

timespec TimespecOf(absl::Duration duration) { return absl::ToTimespec(std::min(duration, absl::Hours(1))); }

}  // namespace

LoopThread::LoopThread() : nudge_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { uv_loop_init(&loop_); }

LoopThread::~LoopThread() {
  uv_loop_close(&loop_);
  close(nudge_);
}

void LoopThread::Start(std::function<bool()> work) {
  work_ = std::move(work);
  thread_ = std::thread([this] { Run(); });
}

void LoopThread::Run() {
  // Signals are for the main thread; and writing to a connection that Redis has closed must be an error and no SIGPIPE.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (true) {
    if (const absl::Duration guests = GuestsTime(); guests > absl::ZeroDuration()) {
      Wait(false, guests);
      continue;
    }
    int timeout_millis = 0;
    {
      absl::MutexLock lock(&turns_);
      if (!TurnOnce()) return;
      timeout_millis = uv_backend_timeout(&loop_);
    }
    watching_.store(true);  // before the look at the guest's time: a guest looks at this after it has set its time
    if (GuestsTime() <= absl::ZeroDuration())
      Wait(true, timeout_millis < 0 ? absl::InfiniteDuration() : absl::Milliseconds(timeout_millis));
    watching_.store(false);
  }
}

bool LoopThread::TurnOnce() {
  turner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  uv_update_time(&loop_);
  const bool more = work_();
  bool open = uv_run(&loop_, UV_RUN_NOWAIT) != 0;
  // What callbacks have begun to watch is known to the kernel after another round.
  if (open && uv_backend_timeout(&loop_) == 0) open = uv_run(&loop_, UV_RUN_NOWAIT) != 0;
  turner_.store(std::thread::id(), std::memory_order_relaxed);
  return more || open;
}

void LoopThread::Wait(bool watch, absl::Duration at_most) {
  pollfd waits[] = {{nudge_, POLLIN, 0}, {uv_backend_fd(&loop_), POLLIN, 0}};
  const timespec timeout = TimespecOf(at_most);
  const absl::Time begun = base::SteadyNow();
  {
    absl::MutexLock lock(&idle_mutex_);
    idle_since_ = begun;
  }
  ppoll(waits, watch ? 2 : 1, &timeout, nullptr);
  if (waits[0].revents != 0) {
    eventfd_t ignored = 0;
    eventfd_read(nudge_, &ignored);
    nudged_.exchange(false);  // after reading: who finds it set before has its work seen by the next turn
  }
  absl::MutexLock lock(&idle_mutex_);
  idle_ += base::SteadyNow() - begun;
  idle_since_ = absl::InfiniteFuture();
}

absl::Duration LoopThread::idle_time() const {
  absl::MutexLock lock(&idle_mutex_);
  return idle_ + std::max(base::SteadyNow() - idle_since_, absl::ZeroDuration());
}

void LoopThread::Nudge() {
  if (!nudged_.exchange(true)) eventfd_write(nudge_, 1);
}

void LoopThread::Wake() {
  if (IsGuest() && of_others_.load(std::memory_order_relaxed) == 0) {
    const absl::Time now = base::SteadyNow();
    if (now >= own_until_) return Stay(now);
  }
  guests_until_.store(0);
  Nudge();
}

void LoopThread::Stay(absl::Time now) {
  guests_until_.store(absl::ToUnixNanos(now + kGuestsTime));
  if (watching_.load()) Nudge();
}

absl::Duration LoopThread::GuestsTime() const {
  const int64_t until = guests_until_.load();
  return until == 0 ? absl::ZeroDuration() : absl::FromUnixNanos(until) - base::SteadyNow();
}

bool LoopThread::IsGuests() const {
  return of_guest_.load(std::memory_order_relaxed) > 0 && of_others_.load(std::memory_order_relaxed) == 0 &&
         GuestsTime() > absl::ZeroDuration();
}

absl::Duration LoopThread::Turn(absl::Duration patience) {
  if (!IsGuests()) return absl::ZeroDuration();
  const absl::Time begun = base::SteadyNow();
  Stay(begun);
  absl::Duration waited;
  if (patience > absl::ZeroDuration()) {
    pollfd loop{uv_backend_fd(&loop_), POLLIN, 0};
    const timespec timeout = TimespecOf(patience);
    const bool came = ppoll(&loop, 1, &timeout, nullptr) > 0;
    const absl::Time now = base::SteadyNow();
    waited = now - begun;
    in_vain_ = came ? absl::ZeroDuration() : in_vain_ + waited;
    if (in_vain_ > kWorthWaiting) {
      in_vain_ = absl::ZeroDuration();
      own_until_ = now + kOwnTime;
      Leave();
      return waited;
    }
  }
  absl::MutexLock lock(&turns_);
  TurnOnce();
  return waited;
}

void LoopThread::Leave() {
  if (guests_until_.load(std::memory_order_relaxed) != 0 && guests_until_.exchange(0) != 0 && asked() > 0) Nudge();
}

}  // namespace waymark::store
