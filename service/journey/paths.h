#ifndef WAYMARK_SERVICE_JOURNEY_PATHS_H_
#define WAYMARK_SERVICE_JOURNEY_PATHS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace waymark::journey {

// The stages in which a customer stood, one after the other, as a number: keys ascend by length, and then by the
// stages. Of more than kMaxStages the first ones are known.
using PathKey = uint64_t;

inline constexpr size_t kMaxPathStages = 10;

struct Path {
  std::vector<size_t> stages;
  bool longer = false;  // these are the first

  friend bool operator==(const Path&, const Path&) = default;
};

// REQUIRES: stages below 64.
PathKey KeyOf(absl::Span<const size_t> stages);
Path PathOf(PathKey key);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_PATHS_H_
