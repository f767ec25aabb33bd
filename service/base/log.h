#ifndef WAYMARK_SERVICE_BASE_LOG_H_
#define WAYMARK_SERVICE_BASE_LOG_H_

#include <concepts>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "absl/types/variant.h"

namespace waymark::base {

// A named value of a log line. Borrows texts.
struct LogField {
  LogField(absl::string_view name, absl::string_view value) : name(name), value(value) {}
  LogField(absl::string_view name, const char* value) : name(name), value(absl::string_view(value)) {}
  LogField(absl::string_view name, const std::string& value) : name(name), value(absl::string_view(value)) {}
  template <std::integral T>
  LogField(absl::string_view name, T value) : name(name), value(static_cast<int64_t>(value)) {}
  LogField(absl::string_view name, double value) : name(name), value(value) {}

  absl::string_view name;
  absl::variant<absl::string_view, int64_t, double> value;
};
using LogFields = absl::Span<const LogField>;

enum class LogFormat {
  kText,  // 2026-03-01T12:00:00.000Z info serving a playbook tenant=shop version=3
  kJson,  // {"time":"2026-03-01T12:00:00.000Z","level":"info","message":"serving a
          // playbook","tenant":"shop","version":3}
};

// Of the process; text until it is set.
void SetLogFormat(LogFormat format);

// A log line on standard error: time, level, message, fields. The message is the same for every line of its kind; what
// varies is in the fields. Never a customer's id or a trait's value. Thread-safe.
void LogInfo(absl::string_view message, LogFields fields = {});
void LogWarning(absl::string_view message, LogFields fields = {});
void LogError(absl::string_view message, LogFields fields = {});

// The line, without its end. A text's values are in quotes where they are not plain words; bytes that are no UTF-8 are
// replaced.
std::string FormatLogLine(LogFormat format, absl::Time time, absl::string_view level, absl::string_view message,
                          LogFields fields);

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_LOG_H_
