#ifndef WAYMARK_SERVICE_JOURNEY_STATISTICS_H_
#define WAYMARK_SERVICE_JOURNEY_STATISTICS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace waymark::journey {

// Pure functions; see also segmentation/proportions.h.

// An estimate and its 95 % confidence interval.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

// Student's t that 97.5 % of its distribution are below, to 1e-5: from a table up to 9 degrees of freedom, then by
// Abramowitz & Stegun 26.7.5. REQUIRES: at least 1.
double StudentT975(int64_t degrees_of_freedom);

// The mean of n numbers, of which the sum and the sum of squares are known exactly: Student's interval. All three are
// the mean where n is 1. REQUIRES: n is at least 1.
Estimate MeanOf(int64_t n, int64_t sum, int64_t sum_of_squares);

// Promoters less detractors of everyone who answered, -1 to 1: the normal interval from the variance of a trinomial,
// (p + d - (p - d)^2) / n. REQUIRES: somebody answered.
Estimate NetPromoterScore(int64_t promoters, int64_t passives, int64_t detractors);

// Which of the tests are discoveries so that the expected share of false ones among them is at most `rate`, for
// independent (and for positively dependent) tests: the step-up procedure of Y. Benjamini and Y. Hochberg, Journal of
// the Royal Statistical Society B 57, 289-300, 1995. O(n log n).
std::vector<bool> Discoveries(absl::Span<const double> p_values, double rate);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_STATISTICS_H_
