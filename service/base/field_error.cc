#include "service/base/field_error.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"

namespace waymark::base {
namespace {

// Field and description in turn, each ended by a zero byte.
constexpr absl::string_view kPayload = "waymark.v1/field_violations";

}  // namespace

absl::Status FieldError(absl::string_view field, absl::string_view description) {
  return FieldErrors({{std::string(field), std::string(description)}});
}

absl::Status FieldErrors(const std::vector<FieldViolation>& violations) {
  std::string message = absl::StrCat(violations[0].field, ": ", violations[0].description);
  if (violations.size() > 1) absl::StrAppend(&message, " (and ", violations.size() - 1, " more)");
  std::string payload;
  for (const FieldViolation& violation : violations) {
    absl::StrAppend(&payload, violation.field, absl::string_view("\0", 1), violation.description,
                    absl::string_view("\0", 1));
  }
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kPayload, absl::Cord(payload));
  return status;
}

std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status) {
  std::vector<FieldViolation> violations;
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return violations;
  const std::vector<std::string> parts = absl::StrSplit(std::string(*payload), '\0');
  for (size_t i = 0; i + 1 < parts.size(); i += 2) violations.push_back({parts[i], parts[i + 1]});
  return violations;
}

absl::Status UnderField(absl::string_view prefix, const absl::Status& status) {
  std::vector<FieldViolation> violations = FieldViolationsOf(status);
  if (violations.empty()) return status;
  for (FieldViolation& violation : violations) violation.field = absl::StrCat(prefix, ".", violation.field);
  return FieldErrors(violations);
}

}  // namespace waymark::base
