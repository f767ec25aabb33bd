#ifndef WAYMARK_SERVICE_CLI_RETRY_H_
#define WAYMARK_SERVICE_CLI_RETRY_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

// When a call is made again, and after how long. Pure.
namespace waymark::cli {

// How often a call is tried before it is given up: with PauseAfter, for about half a minute.
inline constexpr int kAttempts = 12;

// Whether the service was away or overloaded.
inline bool MayHelpToRepeat(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsAborted(status);
}

// 50 ms after the first attempt, then twice as long each time, at most 5 s.
inline absl::Duration PauseAfter(int attempt) {
  return std::min(absl::Seconds(5), absl::Milliseconds(50) * (int64_t{1} << std::min(attempt - 1, 20)));
}

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_RETRY_H_
