#include "service/store/names.h"

#include <algorithm>

namespace waymark::store {

absl::Status CheckTenant(absl::string_view tenant) {
  if (tenant.empty() || tenant.size() > kMaxTenantBytes) {
    return absl::InvalidArgumentError("a tenant's name has 1 to 64 bytes");
  }
  if (tenant.find('/') != absl::string_view::npos) return absl::InvalidArgumentError("a tenant's name has no '/'");
  return absl::OkStatus();
}

absl::Status CheckKey(const CustomerKey& key) {
  if (absl::Status status = CheckTenant(key.tenant); !status.ok()) return status;
  if (key.customer.empty() || key.customer.size() > kMaxCustomerBytes) {
    return absl::InvalidArgumentError("a customer's id has 1 to 128 bytes");
  }
  return absl::OkStatus();
}

absl::Status CheckRecordClass(absl::string_view record_class) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  if (record_class.empty() || !std::all_of(record_class.begin(), record_class.end(), allowed)) {
    return absl::InvalidArgumentError("a record's class has letters a to z and '_'");
  }
  return absl::OkStatus();
}

absl::StatusOr<RecordName> ParseRecordName(absl::string_view name) {
  const size_t slash = name.find('/');
  if (slash == absl::string_view::npos || name.size() > kMaxRecordNameBytes) {
    return absl::InvalidArgumentError("a record's name is \"class/rest\" and has at most 256 bytes");
  }
  const RecordName parsed{name.substr(0, slash), name.substr(slash + 1)};
  if (absl::Status status = CheckRecordClass(parsed.record_class); !status.ok()) return status;
  return parsed;
}

absl::Status CheckRecordValue(absl::string_view value) {
  if (value.size() > kMaxRecordBytes) return absl::InvalidArgumentError("a record has at most 2 MiB");
  return absl::OkStatus();
}

}  // namespace waymark::store
