#include "service/cli/values.h"

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "service/cli/conversions.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

namespace pb = playbook::v1;

pb::ValueType Guess(absl::string_view text) {
  int64_t whole = 0;
  if (text == "true" || text == "false") return pb::VALUE_TYPE_BOOL;
  if (absl::SimpleAtoi(text, &whole)) return pb::VALUE_TYPE_INT;
  if (ParseNumber(text, false).has_value()) return pb::VALUE_TYPE_DOUBLE;
  if (ParseTimeText(text, {pb::TIME_KIND_RFC3339}).has_value()) return pb::VALUE_TYPE_TIMESTAMP;
  return pb::VALUE_TYPE_STRING;
}

absl::StatusOr<pb::ValueType> NamedType(absl::string_view name) {
  if (name == "bool") return pb::VALUE_TYPE_BOOL;
  if (name == "int") return pb::VALUE_TYPE_INT;
  if (name == "double") return pb::VALUE_TYPE_DOUBLE;
  if (name == "string") return pb::VALUE_TYPE_STRING;
  if (name == "timestamp") return pb::VALUE_TYPE_TIMESTAMP;
  if (name == "list") return pb::VALUE_TYPE_STRING_LIST;
  return absl::InvalidArgumentError("unknown type; one of bool, int, double, string, timestamp, list");
}

}  // namespace

absl::StatusOr<std::pair<std::string, v1::Value>> ParseAssignment(absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos || equals == 0) return absl::InvalidArgumentError("expected name=value");
  absl::string_view name = text.substr(0, equals);
  const absl::string_view value_text = text.substr(equals + 1);
  ValueReading reading;
  reading.separator = ",";
  reading.time.kind = pb::TIME_KIND_UNSPECIFIED;
  if (const size_t colon = name.find(':'); colon != absl::string_view::npos) {
    absl::StatusOr<pb::ValueType> type = NamedType(name.substr(colon + 1));
    if (!type.ok()) return type.status();
    reading.type = *type;
    name = name.substr(0, colon);
  } else {
    reading.type = Guess(value_text);
  }
  absl::StatusOr<v1::Value> value = ToValue(value_text, reading);
  if (!value.ok()) return absl::InvalidArgumentError(absl::StrCat(name, ": ", value.status().message()));
  return std::make_pair(std::string(name), *std::move(value));
}

std::string ValueText(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case v1::Value::kIntValue:
      return absl::StrCat(value.int_value());
    case v1::Value::kDoubleValue:
      return absl::StrCat(value.double_value());
    case v1::Value::kStringValue:
      return value.string_value();
    case v1::Value::kTimestampValue:
      return absl::FormatTime(absl::RFC3339_full, FromTimestamp(value.timestamp_value()), absl::UTCTimeZone());
    case v1::Value::kStringListValue:
      return absl::StrJoin(value.string_list_value().values(), ", ");
    case v1::Value::KIND_NOT_SET:
      break;
  }
  return "";
}

}  // namespace waymark::cli
