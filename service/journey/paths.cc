#include "service/journey/paths.h"

#include <algorithm>

namespace waymark::journey {
namespace {

// The length in the highest four bits, then six bits a stage.
constexpr int kLengthShift = 60;
constexpr int kStageBits = 6;

int ShiftOf(size_t index) { return kLengthShift - kStageBits * static_cast<int>(index + 1); }

}  // namespace

PathKey KeyOf(absl::Span<const size_t> stages) {
  PathKey key = static_cast<PathKey>(std::min(stages.size(), kMaxPathStages + 1)) << kLengthShift;
  for (size_t i = 0; i < std::min(stages.size(), kMaxPathStages); ++i) {
    key |= static_cast<PathKey>(stages[i]) << ShiftOf(i);
  }
  return key;
}

Path PathOf(PathKey key) {
  const auto length = static_cast<size_t>(key >> kLengthShift);
  Path path{.longer = length > kMaxPathStages};
  for (size_t i = 0; i < std::min(length, kMaxPathStages); ++i) {
    path.stages.push_back(key >> ShiftOf(i) & ((PathKey{1} << kStageBits) - 1));
  }
  return path;
}

}  // namespace waymark::journey
