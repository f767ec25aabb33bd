#ifndef WAYMARK_SERVICE_BASE_FIELD_ERROR_H_
#define WAYMARK_SERVICE_BASE_FIELD_ERROR_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace waymark::base {

// A part of a request that is wrong.
struct FieldViolation {
  std::string field;  // "events[3].time"
  std::string description;

  friend bool operator==(const FieldViolation&, const FieldViolation&) = default;
};

// INVALID_ARGUMENT that names the field. Neither part holds a customer id or a trait's value.
absl::Status FieldError(absl::string_view field, absl::string_view description);

// The same for several; REQUIRES: at least one. The message names the first and says how many more there are.
absl::Status FieldErrors(const std::vector<FieldViolation>& violations);

// What FieldError put into the status; empty for another.
std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status);

// The status with `prefix` before each of its fields: "time" becomes "events[3].time".
absl::Status UnderField(absl::string_view prefix, const absl::Status& status);

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_FIELD_ERROR_H_
