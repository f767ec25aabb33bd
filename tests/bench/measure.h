#ifndef WAYMARK_TESTS_BENCH_MEASURE_H_
#define WAYMARK_TESTS_BENCH_MEASURE_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"

namespace waymark::bench {

// What a benchmark found.
struct Measure {
  std::string name;  // "serving/embedded/get_offers/throughput"
  double value = 0;
  std::string unit;
  absl::optional<double> reference;  // the limit, or what a peer reached in the same run
  absl::optional<double> ratio;      // of the value to the reference
  std::string comparison;            // "<=" or ">=": what the ratio must be to the goal
  absl::optional<double> goal;
};

// One line of JSON on standard output, null for what is absent; `holds` where there is a goal.
void PrintMeasure(const Measure& measure);

// The middle one, or the mean of the two in the middle. REQUIRES: there are some.
double Median(std::vector<double> values);

}  // namespace waymark::bench

#endif  // WAYMARK_TESTS_BENCH_MEASURE_H_
