#include "service/batch/value_bins.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace waymark::batch {

size_t ValueBins::Of(double value) const {
  return static_cast<size_t>(std::lower_bound(boundaries_.begin(), boundaries_.end(), value) - boundaries_.begin());
}

std::string ValueBins::Label(size_t bin) const {
  const bool first = bin == 0;
  const bool last = bin == boundaries_.size();
  if (first && last) return "all";
  if (first) return absl::StrCat("up to ", whole_ ? std::floor(boundaries_[0]) : boundaries_[0]);
  const double before = boundaries_[bin - 1];
  if (!whole_) return last ? absl::StrCat("over ", before) : absl::StrCat("over ", before, " to ", boundaries_[bin]);
  const double from = std::floor(before) + 1;
  if (last) return absl::StrCat(from, " and more");
  const double to = std::floor(boundaries_[bin]);
  return from >= to ? absl::StrCat(from) : absl::StrCat(from, " to ", to);
}

std::vector<double> QuartilesOf(const std::vector<std::pair<double, int64_t>>& values) {
  int64_t total = 0;
  for (const auto& [value, count] : values) total += count;
  std::vector<double> boundaries;
  int64_t seen = 0;
  for (const auto& [value, count] : values) {
    const int64_t before = seen;
    seen += count;
    // Whether one of the quarters ends with this value.
    if (seen * 4 / std::max<int64_t>(total, 1) == before * 4 / std::max<int64_t>(total, 1)) continue;
    if (seen < total) boundaries.push_back(value);
  }
  return boundaries;
}

}  // namespace waymark::batch
