#ifndef WAYMARK_SERVICE_ENGINE_DECISION_LOGGER_H_
#define WAYMARK_SERVICE_ENGINE_DECISION_LOGGER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/metrics.h"
#include "service/base/worker.h"
#include "service/engine/playbooks.h"
#include "service/store/decision_log.h"
#include "service/store/decision_records.h"

namespace waymark::engine {

// Writes the decision log off the decisions' path: what is to be logged waits for its own thread, which encodes and
// appends it each 50 ms, and trims the log by the tenant's keep_decisions and by bytes. Where the store does not take
// it, it waits for the store, up to a bound; what is beyond is dropped, counted, and said in the service's log. A
// process that is killed loses what waited; one that ends in order does not. Thread-safe.
class DecisionLogger final : public base::MetricSource {
 public:
  struct Options {
    // What a tenant's log may take in the store, but for what one 64th adds before it is trimmed (by each replica).
    size_t max_tenant_bytes = size_t{1} << 30;
    // What may wait, estimated.
    size_t max_waiting_bytes = size_t{32} << 20;
  };

  // Borrows all it is given.
  DecisionLogger(store::DecisionLog& log, const Playbooks& playbooks, const Options& options);
  DecisionLogger(store::DecisionLog& log, const Playbooks& playbooks) : DecisionLogger(log, playbooks, Options()) {}
  // Appends what waits, if the store takes it.
  ~DecisionLogger() override;

  // Never blocks.
  void Append(absl::string_view tenant, uint64_t key, store::LogRecord record) ABSL_LOCKS_EXCLUDED(mutex_);

  // For work that can wait: waits until half of what may wait is free; false where it is not by the deadline.
  bool AwaitRoom(absl::Time deadline) const ABSL_LOCKS_EXCLUDED(mutex_);

  // Returns once what was given before was appended, or was tried. For tests and for the end.
  void Flush();
  // Drops what is older than the tenants' playbooks keep, which happens each hour by itself.
  void TrimAll();

  // How many records were dropped.
  int64_t dropped() const { return dropped_.load(std::memory_order_relaxed) + too_large(); }
  // Of these, how many because an entry of the log must not be so large.
  int64_t too_large() const { return too_large_.load(std::memory_order_relaxed); }

  void Collect(base::MetricWriter& writer) const override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Waiting {
    std::string tenant;
    uint64_t key = 0;
    store::LogRecord record;
    size_t bytes = 0;
  };
  using Batch = absl::flat_hash_map<std::string, std::vector<store::DecisionLog::Entry>>;  // by tenant

  // All on the worker's thread.
  absl::Duration Tick();
  void AppendWaiting();
  void AppendTo(const std::string& tenant, std::vector<store::DecisionLog::Entry> entries);
  void Trim(const std::string& tenant);
  void TellOfState(const absl::Status& status);
  void TellOfDropped();

  store::DecisionLog& log_;
  const Playbooks& playbooks_;
  const Options options_;
  std::atomic<int64_t> dropped_{0};  // because more waited than may
  std::atomic<int64_t> too_large_{0};
  std::atomic<int64_t> written_{0};
  mutable absl::Mutex mutex_;
  std::vector<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // with those of unwritten_
  // The worker's own.
  Batch unwritten_;
  size_t unwritten_bytes_ = 0;
  absl::flat_hash_map<std::string, size_t> appended_bytes_;  // by tenant, since it was trimmed
  absl::Time next_try_ = absl::InfinitePast();
  absl::Time next_trim_;
  absl::Time next_complaint_ = absl::InfinitePast();
  bool failing_ = false;
  int64_t dropped_told_ = 0;
  int64_t too_large_told_ = 0;
  base::Worker worker_;  // last: stops before what it uses goes
};

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_DECISION_LOGGER_H_
