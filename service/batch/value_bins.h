#ifndef WAYMARK_SERVICE_BATCH_VALUE_BINS_H_
#define WAYMARK_SERVICE_BATCH_VALUE_BINS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace waymark::batch {

// Numbers put into ranges, so that groups of them can be compared. A value; immutable. Pure.
class ValueBins {
 public:
  // The last value of each range but the last one, ascending; `whole`: the values are whole numbers.
  ValueBins(std::vector<double> boundaries, bool whole) : boundaries_(std::move(boundaries)), whole_(whole) {}

  size_t Of(double value) const;
  // What is in it: "up to 25", "26 to 34", "35 and more"; "over 25.5 to 34" where values are not whole.
  std::string Label(size_t bin) const;

 private:
  std::vector<double> boundaries_;
  bool whole_;
};

// The quartiles of values (ascending) and of how many have each: 0 to 3 boundaries, each below the largest value.
std::vector<double> QuartilesOf(const std::vector<std::pair<double, int64_t>>& values);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_VALUE_BINS_H_
