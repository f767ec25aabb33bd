#include "service/store/redis/keys.h"

#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace waymark::store {
namespace {

constexpr absl::string_view kSpecial = "%{}*?[]\\";
constexpr absl::string_view kHex = "0123456789ABCDEF";
constexpr absl::string_view kEnd = "}:p";

// By byte; a walk escapes millions of names.
constexpr std::array<bool, 256> kIsSpecial = [] {
  std::array<bool, 256> is_special{};
  for (const char c : kSpecial) is_special[static_cast<uint8_t>(c)] = true;
  return is_special;
}();

void AppendEscaped(absl::string_view bytes, std::string& to) {
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (kIsSpecial[byte]) {
      to.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    } else {
      to.push_back(c);
    }
  }
}

// nullopt where it is not what Escape gave.
absl::optional<std::string> Unescape(absl::string_view escaped) {
  std::string bytes;
  bytes.reserve(escaped.size());
  for (size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '%') {
      bytes.push_back(escaped[i]);
      continue;
    }
    if (i + 2 >= escaped.size()) return absl::nullopt;
    const size_t high = kHex.find(escaped[i + 1]);
    const size_t low = kHex.find(escaped[i + 2]);
    if (high == absl::string_view::npos || low == absl::string_view::npos) return absl::nullopt;
    bytes.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return bytes;
}

std::string TenantPrefix(absl::string_view tenant) {
  std::string prefix = "wm:{";
  prefix.reserve(prefix.size() + tenant.size() + 1);
  AppendEscaped(tenant, prefix);
  prefix.push_back('/');
  return prefix;
}

// Of what a tenant has one of: such keys share a slot.
std::string TenantTag(absl::string_view tenant) {
  std::string tag = TenantPrefix(tenant);
  tag.back() = '}';
  return tag;
}

}  // namespace

std::string ProfileKey(const CustomerKey& key) {
  std::string profile_key = TenantPrefix(key.tenant);
  profile_key.reserve(profile_key.size() + key.customer.size() + kEnd.size());
  AppendEscaped(key.customer, profile_key);
  absl::StrAppend(&profile_key, kEnd);
  return profile_key;
}

std::string ProfilePattern(absl::string_view tenant) { return absl::StrCat(TenantPrefix(tenant), "*", kEnd); }

absl::optional<std::string> CustomerOf(absl::string_view tenant, absl::string_view profile_key) {
  if (!absl::ConsumePrefix(&profile_key, TenantPrefix(tenant)) || !absl::ConsumeSuffix(&profile_key, kEnd)) {
    return absl::nullopt;
  }
  return Unescape(profile_key);
}

std::string RecordsKey(absl::string_view record_class) { return absl::StrCat("wm:{r/", record_class, "}"); }

std::string ChangesKey(absl::string_view tenant) { return absl::StrCat(TenantTag(tenant), ":changes"); }

std::string BudgetServerKey(absl::string_view tenant) { return absl::StrCat(TenantTag(tenant), ":budget"); }

std::string BudgetAccountKey(const BudgetKey& key) {
  return absl::StrCat(BudgetServerKey(key.tenant), ":", key.budget, ":", key.period);
}

std::string BudgetHoldKey(absl::string_view tenant, absl::string_view decision) {
  return absl::StrCat(TenantTag(tenant), ":hold:", decision);
}

std::string LogKey(absl::string_view tenant, int shard) {
  return absl::StrCat(TenantPrefix(tenant), "log/", shard, "}:d");
}

}  // namespace waymark::store
