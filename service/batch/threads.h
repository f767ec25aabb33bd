#ifndef WAYMARK_SERVICE_BATCH_THREADS_H_
#define WAYMARK_SERVICE_BATCH_THREADS_H_

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "service/base/metrics.h"
#include "service/batch/pending.h"
#include "service/store/batch_records.h"

namespace waymark::batch {

// The threads of a server that do batch work, so that no number of calls makes any number of threads. A tenant has half
// of them at most: the others' work goes on. Thread-safe.
class Threads final : public base::MetricSource {
 public:
  using Work = absl::AnyInvocable<void(const std::shared_ptr<Cancellation>&)>;

  explicit Threads(int max_threads = 64) : max_threads_(max_threads) {}
  // Stops, and waits for what runs.
  ~Threads() override;

  // Begins the work on a thread of its own, which may start others: `count` in all. The work is told where it will hear
  // that it should stop, and the caller where to say so. RESOURCE_EXHAUSTED where there would be too many threads, or
  // the system has none; UNAVAILABLE after Stop.
  absl::StatusOr<std::shared_ptr<Cancellation>> Start(const std::string& tenant, int count, Work work)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Cancels all work, with UNAVAILABLE, and begins none from now on.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  // Counts profiles that re-segmentation derived again.
  void CountResegmented(const store::RunCounts& counts);

  void Collect(base::MetricWriter& writer) const override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Counts the threads of work that begins.
  absl::Status Admit(const std::string& tenant, int count, const std::shared_ptr<Cancellation>& cancellation)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void End(const std::string& tenant, int count, const std::shared_ptr<Cancellation>& cancellation)
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool Idle() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return running_.empty(); }
  // Waits until the threads whose work is over have ended.
  void Join() ABSL_LOCKS_EXCLUDED(mutex_);

  const int max_threads_;
  enum Resegmented : size_t { kUnchanged, kChanged, kDamaged, kResegmented };
  base::Counters<kResegmented> resegmented_;
  mutable absl::Mutex mutex_;
  int threads_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, int> threads_of_ ABSL_GUARDED_BY(mutex_);  // tenants that have some
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<Cancellation>> running_ ABSL_GUARDED_BY(mutex_);
  std::map<std::thread::id, std::thread> at_work_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> ending_ ABSL_GUARDED_BY(mutex_);  // their work is over
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_THREADS_H_
