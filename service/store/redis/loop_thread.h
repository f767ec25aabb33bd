#ifndef WAYMARK_SERVICE_STORE_REDIS_LOOP_THREAD_H_
#define WAYMARK_SERVICE_STORE_REDIS_LOOP_THREAD_H_

#include <uv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/shared_loop.h"

namespace waymark::store {

// A loop of libuv and the thread that turns it, or its guest. That one writes to connections which Redis may have
// closed: its process ignores SIGPIPE, or it blocks that signal itself, as the thread does.
//
// Thread-safe, but for loop, which is for whoever turns it (or before Start).
class LoopThread final : public base::SharedLoop {
 public:
  LoopThread();
  // REQUIRES: nothing is open on the loop, and the thread has ended.
  ~LoopThread() override;

  uv_loop_t* loop() { return &loop_; }

  // Starts the thread. `work` is called with each turn, by whoever turns the loop; it does what was asked for since,
  // and says whether there may be more. The thread ends when there may not and nothing is open on the loop.
  void Start(std::function<bool()> work);
  // Waits until it has ended.
  void Join() { thread_.join(); }

  // Whether the calling thread is turning the loop.
  bool TurnedHere() const { return turner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

  // What the calling thread asks for counts itself here, until it is answered.
  std::atomic<size_t>& asked_here() { return IsGuest() ? of_guest_ : of_others_; }
  size_t asked() const {
    return of_guest_.load(std::memory_order_relaxed) + of_others_.load(std::memory_order_relaxed);
  }

  // There is work: it is done soon, by the guest where that is the calling thread, else by the loop's own.
  void Wake();

  // For how long the loop's own thread has had nothing to do.
  absl::Duration idle_time() const ABSL_LOCKS_EXCLUDED(idle_mutex_);

  void SetGuest(std::thread::id guest) override { guest_.store(guest, std::memory_order_relaxed); }
  bool IsGuests() const override;
  absl::Duration Turn(absl::Duration patience) override;
  void Leave() override;

 private:
  void Run();
  // False: the thread's work is over.
  bool TurnOnce() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turns_);
  // Waits for a nudge, and where `watch`, for the loop.
  void Wait(bool watch, absl::Duration at_most) ABSL_LOCKS_EXCLUDED(idle_mutex_);
  void Nudge();
  // The loop is the guest's for a while from now.
  void Stay(absl::Time now);
  bool IsGuest() const { return guest_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }
  absl::Duration GuestsTime() const;

  absl::Mutex turns_;
  uv_loop_t loop_{};  // with what is open on it: of who has turns_, once the thread runs
  std::atomic<std::thread::id> turner_{};
  std::function<bool()> work_;
  const int nudge_;                    // an eventfd
  std::atomic<bool> nudged_{false};    // it is written to, and the thread has not seen it
  std::atomic<bool> watching_{false};  // the thread waits, or is about to, for what comes to the loop

  std::atomic<std::thread::id> guest_{};
  std::atomic<int64_t> guests_until_{0};  // nanoseconds of base::SteadyNow; 0: it is not the guest's
  std::atomic<size_t> of_guest_{0};
  std::atomic<size_t> of_others_{0};
  // The guest's.
  absl::Duration in_vain_;  // how long it waited since something came
  absl::Time own_until_ = absl::InfinitePast();

  mutable absl::Mutex idle_mutex_;
  absl::Duration idle_ ABSL_GUARDED_BY(idle_mutex_);
  absl::Time idle_since_ ABSL_GUARDED_BY(idle_mutex_) = absl::InfiniteFuture();

  std::thread thread_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_LOOP_THREAD_H_
