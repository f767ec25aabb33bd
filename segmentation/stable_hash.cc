#include "segmentation/stable_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace waymark::segmentation {

uint64_t StableHash(absl::string_view bytes, uint64_t seed) { return XXH64(bytes.data(), bytes.size(), seed); }

NameId NameIdOf(absl::string_view name) { return NameId{static_cast<uint32_t>(StableHash(name) >> 32)}; }

}  // namespace waymark::segmentation
