#ifndef WAYMARK_SERVICE_CLI_VALUES_H_
#define WAYMARK_SERVICE_CLI_VALUES_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "waymark/v1/common.pb.h"

namespace waymark::cli {

// Reads "name=value" or "name:type=value" as it stands on a command line; type is bool, int, double, string, timestamp
// or list (of strings, with commas between). Without a type: true and false are bools, 7 is an int, 7.5 a double, an
// RFC 3339 time a timestamp, everything else a string. INVALID_ARGUMENT.
absl::StatusOr<std::pair<std::string, v1::Value>> ParseAssignment(absl::string_view text);

// A value as a person reads it.
std::string ValueText(const v1::Value& value);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_VALUES_H_
