#include "service/store/redis/keys.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/store/decision_log.h"
#include "service/store/redis/slots.h"

namespace waymark::store {
namespace {

constexpr absl::string_view kBegin = "wm:{";
constexpr absl::string_view kProfile = "}:p:";
// What every place that served has: the list of a tenant's playbooks.
constexpr absl::string_view kWitnessClass = "playbook_head";

static_assert(kLogShards == kBuckets);

}  // namespace

std::string RedisProfileKey(const CustomerKey& key) {
  return absl::StrCat(kBegin, TagOf(BucketOf(key.customer)), kProfile, key.tenant, "/", key.customer);
}

std::string ProfilePattern(absl::string_view tenant) {
  std::string pattern = absl::StrCat(kBegin, "???", kProfile);
  for (const char c : tenant) {
    if (absl::StrContains("*?[]\\", c)) pattern.push_back('\\');
    pattern.push_back(c);
  }
  return pattern + "/*";
}

absl::optional<absl::string_view> CustomerOf(absl::string_view tenant, absl::string_view profile_key) {
  if (!absl::ConsumePrefix(&profile_key, kBegin) || profile_key.size() < TagOf(0).size()) return absl::nullopt;
  profile_key.remove_prefix(TagOf(0).size());
  if (!absl::ConsumePrefix(&profile_key, kProfile) || !absl::ConsumePrefix(&profile_key, tenant) ||
      !absl::ConsumePrefix(&profile_key, "/") || profile_key.empty()) {
    return absl::nullopt;
  }
  return profile_key;
}

std::string RecordsKey(absl::string_view record_class) { return absl::StrCat("wm:{r/", record_class, "}"); }

std::string ChangesKey(absl::string_view tenant, int bucket) {
  return absl::StrCat(kBegin, TagOf(bucket), "}:c:", tenant);
}

std::string BudgetServerKey(absl::string_view tenant) {
  return absl::StrCat(kBegin, TagOf(BucketOf(tenant)), "}:b:", tenant, "/");
}

std::string BudgetAccountKey(const BudgetKey& key) {
  return absl::StrCat(BudgetServerKey(key.tenant), ":", key.budget, ":", key.period);
}

std::string BudgetHoldKey(absl::string_view tenant, absl::string_view decision) {
  return absl::StrCat(kBegin, TagOf(BucketOf(tenant)), "}:h:", tenant, "/", decision);
}

std::string LogKey(absl::string_view tenant, int shard) { return absl::StrCat(kBegin, TagOf(shard), "}:d:", tenant); }

std::string LayoutKey() { return absl::StrCat(LayoutWitnessKey(), ":layout"); }

std::string LayoutWitnessKey() { return RecordsKey(kWitnessClass); }

}  // namespace waymark::store
