#include "service/store/embedded/keys.h"

#include "absl/strings/strip.h"

namespace waymark::store {

std::string BigEndian(uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(number >> shift));
  return bytes;
}

uint64_t FromBigEndian(absl::string_view bytes) {
  uint64_t number = 0;
  for (char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

std::string ChangeKey(absl::string_view tenant, uint64_t number) { return TenantPrefix(tenant) + BigEndian(number); }

absl::optional<uint64_t> ChangeNumberOf(absl::string_view tenant, absl::string_view change_key) {
  if (!absl::ConsumePrefix(&change_key, TenantPrefix(tenant)) || change_key.size() != 8) return absl::nullopt;
  return FromBigEndian(change_key);
}

std::string AccountKey(const BudgetKey& key) {
  return AccountPrefix(key.tenant, key.budget) + BigEndian(static_cast<uint64_t>(key.period));
}

absl::optional<int64_t> AccountPeriodOf(absl::string_view prefix, absl::string_view account_key) {
  if (!absl::ConsumePrefix(&account_key, prefix) || account_key.size() != 8) return absl::nullopt;
  return static_cast<int64_t>(FromBigEndian(account_key));
}

std::string HoldKey(absl::string_view tenant, absl::string_view decision) {
  return absl::StrCat(tenant, "/", decision);
}

std::string LogKey(absl::string_view tenant, int shard, uint64_t number) {
  return absl::StrCat(tenant, "/", std::string(1, static_cast<char>(shard)), BigEndian(number));
}

absl::optional<uint64_t> LogNumberOf(absl::string_view tenant, int shard, absl::string_view log_key) {
  if (!absl::ConsumePrefix(&log_key, TenantPrefix(tenant)) || log_key.size() != 9 ||
      log_key[0] != static_cast<char>(shard)) {
    return absl::nullopt;
  }
  return FromBigEndian(log_key.substr(1));
}

}  // namespace waymark::store
