#ifndef WAYMARK_SERVICE_RPC_CALL_LOG_H_
#define WAYMARK_SERVICE_RPC_CALL_LOG_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/rpc/call_observer.h"

namespace waymark::rpc {

// Which calls get a line in the service's log.
struct CallLogOptions {
  // Unary calls that took at least so long.
  absl::Duration slow = absl::Seconds(1);
  // Lines at once, and then in each interval: a storm of failures does not fill a disk.
  int64_t burst = 20;
  absl::Duration interval = absl::Seconds(1);
};

// Writes a line for each call that is slow, or failed for a reason that is not the client's (INTERNAL, UNKNOWN,
// UNAVAILABLE, DATA_LOSS): method, code, seconds, the error, and the trace of the client's `traceparent`. Lines beyond
// the rate are counted, and the next one says how many. What a client sent is looked at only where a line is written.
// Thread-safe.
class CallLog {
 public:
  explicit CallLog(const CallLogOptions& options) : options_(options), lines_(options.burst) {}

  // `now`: when the call ended.
  void Ended(const EndedCall& call, const ServedMethod& method, absl::Time now) {
    const bool slow = now - call.began >= options_.slow && !method.stream;
    if (slow || IsOurs(call.status.code())) WriteLine(call, method, now);
  }

 private:
  // Whether an error with this code is the service's own.
  static bool IsOurs(absl::StatusCode code) {
    return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
           code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kDataLoss;
  }
  void WriteLine(const EndedCall& call, const ServedMethod& method, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether a line may be written, and how many were left out before it.
  bool Admit(absl::Time now, int64_t& left_out) ABSL_LOCKS_EXCLUDED(mutex_);

  const CallLogOptions options_;
  absl::Mutex mutex_;
  int64_t lines_ ABSL_GUARDED_BY(mutex_);  // that may be written now
  absl::Time filled_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  int64_t left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_CALL_LOG_H_
