#ifndef WAYMARK_SERVICE_RPC_ADMISSION_H_
#define WAYMARK_SERVICE_RPC_ADMISSION_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/metrics.h"

namespace waymark::rpc {

// What a call is for: who comes first, and who is refused last, where more is asked than can be done.
enum class CallClass {
  kAlways,  // health: never waits, never refused
  kDecide,
  kRecord,  // and whatever else is answered at once
  kBatch,   // what takes long, or is asked for everyone
};
inline constexpr size_t kCallClasses = 4;

// How many calls may be under way at once, so that those that are begun are answered soon and the others are refused at
// once, instead of all of them too late.
//
// What tells that there are too many is a thread that had work to do for a whole window (a queue that never empties is
// a standing one, and no burst: the thought of CoDel, RFC 8289), and not how long calls take: while a store is slow,
// calls are slow and the threads idle, and refusing calls would not help. Then 256 calls may be under way: so many
// callers, each of whom waits for the answer before asking again, keep a thread busy and are answered soon enough.
// Where decisions are refused all the same, more come than can be answered, and the limit is what those wait for who
// are answered. Then it becomes an eighth less a window, down to what is answered within the target (Little's law), or
// an eighth more where the threads have some time, because a store needs calls under way to be busy. As soon as they
// have time, it is twice as many in each window in which they are needed.
struct ConcurrencyLimit {
  struct Window {
    double idle_share = 1;  // of the time, of the server's threads or the store's, whichever had less
    bool refused = false;   // a decision was
    double answered_a_second = 0;
    int most_at_once = 0;  // calls
  };

  int calls = kMax;

  void Learn(const Window& window);

  static constexpr int kFlooded = 8;  // at least, where decisions are refused
  static constexpr int kMin = 256;    // at least, else
  static constexpr int kMax = 4096;
  static constexpr absl::Duration kTarget = absl::Milliseconds(2);
};

// Which calls may begin. Of the limit, decisions may use all, records a quarter, batches an eighth; for each class,
// what is under way of it and of those before it counts. So decisions are refused last, and never for what others wait
// for. Thread-safe; costs a call a few atomic operations.
class Admission final : public base::MetricSource {
 public:
  static constexpr absl::Duration kWindow = absl::Milliseconds(50);

  // For how long the store's thread has had nothing to do, since it began; nullptr: it has none.
  using IdleTime = std::function<absl::Duration()>;
  explicit Admission(IdleTime store_idle = nullptr) : store_idle_(std::move(store_idle)) {}

  // Whether a call may begin; then it is under way until End.
  bool Begin(CallClass of);
  void End(CallClass of);

  // The same for a stream, which may last: it is not counted.
  bool MayBegin(CallClass of);

  // How much work (items of calls) of a class one thread may have under way at once, beyond which calls that may begin
  // wait: as many items as calls may be under way, but for decisions.
  int WorkRoom(CallClass of) const;

  // One of the server's threads has taken a turn, and had nothing to do for so long since the one before.
  void Turned(absl::Time now, absl::Duration idle) ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether decisions were refused just now.
  bool refuses() const { return refusing_.load(std::memory_order_relaxed); }

  int limit() const { return limit_.load(std::memory_order_relaxed); }

  void Collect(base::MetricWriter& writer) const override;

 private:
  // Calls of the class, and of those before it.
  int UnderWay(CallClass of) const;
  void EndWindow(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const IdleTime store_idle_;
  std::atomic<int> limit_{ConcurrencyLimit::kMax};
  std::array<std::atomic<int>, kCallClasses> under_way_{};
  // Of the window.
  std::atomic<int> most_{0};
  std::atomic<int> answered_{0};
  std::atomic<bool> refusing_{false};  // decisions
  std::atomic<int64_t> idle_{0};       // nanoseconds, of the server's threads
  std::atomic<int64_t> end_{0};        // nanoseconds since 1970
  base::Counters<kCallClasses> refused_;

  absl::Mutex mutex_;
  ConcurrencyLimit learned_ ABSL_GUARDED_BY(mutex_);
  absl::Time began_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Duration store_idle_before_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_ADMISSION_H_
