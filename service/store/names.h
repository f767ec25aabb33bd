#ifndef WAYMARK_SERVICE_STORE_NAMES_H_
#define WAYMARK_SERVICE_STORE_NAMES_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/store/store.h"

// The limits of keys and names, which every implementation checks at its door: a '/' in a tenant, say, would reach into
// another tenant's data. Pure functions; thread-safe. The errors are INVALID_ARGUMENT and do not repeat the name.
namespace waymark::store {

inline constexpr size_t kMaxTenantBytes = 64;
inline constexpr size_t kMaxCustomerBytes = 128;
inline constexpr size_t kMaxRecordNameBytes = 256;
inline constexpr size_t kMaxRecordBytes = 2 * 1024 * 1024;

absl::Status CheckTenant(absl::string_view tenant);
absl::Status CheckKey(const CustomerKey& key);

// A record's name, "class/rest", taken apart; both point into it.
struct RecordName {
  absl::string_view record_class;
  absl::string_view rest;
};

absl::StatusOr<RecordName> ParseRecordName(absl::string_view name);
absl::Status CheckRecordClass(absl::string_view record_class);
absl::Status CheckRecordValue(absl::string_view value);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_NAMES_H_
