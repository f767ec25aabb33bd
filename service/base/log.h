#ifndef WAYMARK_SERVICE_BASE_LOG_H_
#define WAYMARK_SERVICE_BASE_LOG_H_

#include "absl/strings/string_view.h"

namespace waymark::base {

// Log lines on standard error: time, level, message. Never a customer id or a trait's value. Thread-safe.
void LogInfo(absl::string_view message);
void LogWarning(absl::string_view message);
void LogError(absl::string_view message);

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_LOG_H_
