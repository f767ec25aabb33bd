#include "service/store/embedded/keys.h"

#include "absl/strings/strip.h"

namespace waymark::store {

namespace {

// In 8 bytes, the highest first: ascending keys are ascending numbers.
void AppendNumber(uint64_t number, std::string& key) {
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
}

absl::optional<uint64_t> NumberIn(absl::string_view bytes) {
  if (bytes.size() != 8) return absl::nullopt;
  uint64_t number = 0;
  for (char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

}  // namespace

std::string ChangeKey(absl::string_view tenant, uint64_t number) {
  std::string key = TenantPrefix(tenant);
  AppendNumber(number, key);
  return key;
}

absl::optional<uint64_t> ChangeNumberOf(absl::string_view tenant, absl::string_view change_key) {
  if (!absl::ConsumePrefix(&change_key, TenantPrefix(tenant))) return absl::nullopt;
  return NumberIn(change_key);
}

std::string AccountKey(const BudgetKey& key) {
  std::string account = AccountPrefix(key.tenant, key.budget);
  AppendNumber(static_cast<uint64_t>(key.period), account);
  return account;
}

absl::optional<int64_t> AccountPeriodOf(absl::string_view prefix, absl::string_view account_key) {
  if (!absl::ConsumePrefix(&account_key, prefix)) return absl::nullopt;
  const absl::optional<uint64_t> period = NumberIn(account_key);
  if (!period.has_value()) return absl::nullopt;
  return static_cast<int64_t>(*period);
}

std::string HoldKey(absl::string_view tenant, absl::string_view budget, absl::string_view decision) {
  return absl::StrCat(tenant, "/", budget, "/", decision);
}

}  // namespace waymark::store
