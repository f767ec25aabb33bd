#ifndef WAYMARK_SEGMENTATION_STABLE_HASH_H_
#define WAYMARK_SEGMENTATION_STABLE_HASH_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace waymark::segmentation {

// The one hash for ids, seeds and buckets: XXH64 (seed 0 unless given) of the bytes. The same on every machine and in
// every version; golden vectors in its test pin it.
uint64_t StableHash(absl::string_view bytes, uint64_t seed = 0);

// A playbook's name (trait, purpose, event type, segment, journey, stage, action, channel) at rest and in memory: the
// upper 32 bits of its StableHash. It needs no dictionary, and is the same in every version of the playbook; a playbook
// in which two names have one id is refused.
enum class NameId : uint32_t {};
NameId NameIdOf(absl::string_view name);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_STABLE_HASH_H_
