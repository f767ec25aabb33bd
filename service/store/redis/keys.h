#ifndef WAYMARK_SERVICE_STORE_REDIS_KEYS_H_
#define WAYMARK_SERVICE_STORE_REDIS_KEYS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "segmentation/stable_hash.h"
#include "service/store/budget_store.h"
#include "service/store/store.h"

// What things are called in Redis. Pure functions.
//
// All but the records begin with "wm:{<tag>}", the tag of one of 256 buckets (slots.h), so that what a script changes
// together shares a slot of a cluster, and a tenant's things are spread over all masters:
//
//   wm:{tag}:p:<tenant>/<customer>        a profile; the first '/' ends the tenant
//   wm:{tag}:c:<tenant>                   the changes of membership of the customers of this bucket, a stream
//   wm:{tag}:d:<tenant>                   a shard of the decision log, a stream; shard and bucket have one number
//   wm:{tag}:b:<tenant>/:<name>:<period>  a budget's account; all of a tenant's budgets are in the bucket of its name
//   wm:{tag}:b:<tenant>/                  which process of Redis last served them
//   wm:{tag}:h:<tenant>/<decision>        what a decision holds of them
//   wm:{r/<class>}                        the records of a class, fields of a hash
//   wm:{r/playbook_head}:layout           the version of all this
namespace waymark::store {

// (The embedded store has a ProfileKey of its own.)
std::string RedisProfileKey(const CustomerKey& key);

// Matches the keys of the tenant's profiles.
std::string ProfilePattern(absl::string_view tenant);

// The customer that a key of the tenant names; nullopt where it is not such a key.
absl::optional<absl::string_view> CustomerOf(absl::string_view tenant, absl::string_view profile_key);

std::string RecordsKey(absl::string_view record_class);

// Of the changes of the customers in a bucket (0 to 255).
std::string ChangesKey(absl::string_view tenant, int bucket);

// All of a tenant's budgets share a slot; this begins the keys of their accounts.
std::string BudgetServerKey(absl::string_view tenant);
std::string BudgetAccountKey(const BudgetKey& key);
// What a decision holds; of the same slot.
std::string BudgetHoldKey(absl::string_view tenant, absl::string_view decision);
std::string LogKey(absl::string_view tenant, int shard);

// Whose value is at the key; see sealed.h.
inline uint64_t OwnerAt(absl::string_view key) { return segmentation::StableHash(key); }

// Changed whenever a key, or what is there, comes to mean something else.
inline constexpr absl::string_view kLayout = "3";
std::string LayoutKey();
// Is there wherever Waymark served; in the slot of the layout.
std::string LayoutWitnessKey();

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_KEYS_H_
