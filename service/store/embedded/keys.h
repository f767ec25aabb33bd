#ifndef WAYMARK_SERVICE_STORE_EMBEDDED_KEYS_H_
#define WAYMARK_SERVICE_STORE_EMBEDDED_KEYS_H_

#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "service/store/budget_store.h"
#include "service/store/store.h"

// How the embedded store names things: a profile is "tenant/customer" (the first '/' ends the tenant, which has none),
// a record its own name, a tenant's count of profiles the tenant, a change "tenant/" and its number in 8 bytes, the
// highest first, a budget's account "tenant/budget/" and its period likewise, what a decision holds "tenant/decision",
// an entry of the decision log "tenant/", its shard in one byte, and its number likewise.
namespace waymark::store {

inline std::string TenantPrefix(absl::string_view tenant) { return absl::StrCat(tenant, "/"); }
inline std::string ProfileKey(const CustomerKey& key) { return absl::StrCat(key.tenant, "/", key.customer); }
inline absl::string_view TenantOf(absl::string_view profile_key) {
  return profile_key.substr(0, profile_key.find('/'));
}

inline std::string CountValue(int64_t count) { return absl::StrCat(count); }
inline int64_t CountOf(absl::string_view value) {
  int64_t count = 0;
  return absl::SimpleAtoi(value, &count) ? count : 0;
}

std::string ChangeKey(absl::string_view tenant, uint64_t number);
// nullopt where it is no change of the tenant.
absl::optional<uint64_t> ChangeNumberOf(absl::string_view tenant, absl::string_view change_key);

inline std::string AccountPrefix(absl::string_view tenant, absl::string_view budget) {
  return absl::StrCat(tenant, "/", budget, "/");
}
std::string AccountKey(const BudgetKey& key);
// nullopt where the key does not begin so.
absl::optional<int64_t> AccountPeriodOf(absl::string_view prefix, absl::string_view account_key);
std::string HoldKey(absl::string_view tenant, absl::string_view decision);
std::string LogKey(absl::string_view tenant, int shard, uint64_t number);
// nullopt where it is no entry of the shard.
absl::optional<uint64_t> LogNumberOf(absl::string_view tenant, int shard, absl::string_view log_key);

// 8 bytes, the highest first.
std::string BigEndian(uint64_t number);
// REQUIRES: 8 bytes.
uint64_t FromBigEndian(absl::string_view bytes);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_EMBEDDED_KEYS_H_
