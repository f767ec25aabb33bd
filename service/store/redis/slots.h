#ifndef WAYMARK_SERVICE_STORE_REDIS_SLOTS_H_
#define WAYMARK_SERVICE_STORE_REDIS_SLOTS_H_

#include <cstdint>

#include "absl/strings/string_view.h"

// Which slot of a Redis Cluster a key is in, and how a tenant's keys are spread over the slots. Pure functions.
namespace waymark::store {

inline constexpr int kSlots = 16384;

// CRC-16/XMODEM of the key's hash tag, or of the whole key where it has none, modulo 16384 (Redis Cluster
// specification, "Key distribution model").
uint16_t SlotOf(absl::string_view key);

// What a tenant has goes into 256 buckets, each of which is one slot, so that a customer's profile and the announcement
// of its change are written by one script. Bucket b is in one of the slots 64 b to 64 b + 63: where masters have equal
// ranges of slots, they have equally many buckets, as exactly as the number of masters divides 256.
inline constexpr int kBuckets = 256;
inline constexpr int kSlotsPerBucket = kSlots / kBuckets;

// By the pinned hash of a name, so that it never changes.
int BucketOf(absl::string_view name);

// The hash tag of a bucket's keys: the smallest of "000" to "999" that leads to one of the bucket's slots.
absl::string_view TagOf(int bucket);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_SLOTS_H_
