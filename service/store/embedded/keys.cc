#include "service/store/embedded/keys.h"

#include "absl/strings/strip.h"

namespace waymark::store {

std::string ChangeKey(absl::string_view tenant, uint64_t number) {
  std::string key = TenantPrefix(tenant);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
  return key;
}

absl::optional<uint64_t> ChangeNumberOf(absl::string_view tenant, absl::string_view change_key) {
  if (!absl::ConsumePrefix(&change_key, TenantPrefix(tenant)) || change_key.size() != 8) return absl::nullopt;
  uint64_t number = 0;
  for (char byte : change_key) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

}  // namespace waymark::store
