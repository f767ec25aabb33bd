#ifndef WAYMARK_SERVICE_STORE_REDIS_KEYS_H_
#define WAYMARK_SERVICE_STORE_REDIS_KEYS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "service/store/budget_store.h"
#include "service/store/store.h"

// What things are called in Redis. Pure functions.
//
// A profile is "wm:{tenant/customer}:p", where the first '/' ends the tenant. The braces make all keys of a customer
// share a slot of a cluster. Within them '%', braces and what a pattern treats specially are written as '%' and two
// hexadecimal digits, so that each key has one reading. The records of a class are fields of the hash "wm:{r/class}". A
// tenant's changes of membership are the stream "wm:{tenant}:changes", the shards of its decision log the streams
// "wm:{tenant/log/<0 to 255>}:d". All of a tenant's budgets share a slot: an account is
// "wm:{tenant}:budget:<name>:<period>", a hold "wm:{tenant}:budget:<name>:h:<decision>", and "wm:{tenant}:budget" says
// which process of Redis last served them.
namespace waymark::store {

std::string ProfileKey(const CustomerKey& key);

// Matches the keys of the tenant's profiles.
std::string ProfilePattern(absl::string_view tenant);

// The customer that a key of the tenant names; nullopt where it is not such a key.
absl::optional<std::string> CustomerOf(absl::string_view tenant, absl::string_view profile_key);

std::string RecordsKey(absl::string_view record_class);

std::string ChangesKey(absl::string_view tenant);

std::string BudgetServerKey(absl::string_view tenant);
std::string BudgetAccountKey(const BudgetKey& key);
// What a decision holds; of the same slot.
std::string BudgetHoldKey(absl::string_view tenant, absl::string_view decision);
std::string LogKey(absl::string_view tenant, int shard);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_KEYS_H_
