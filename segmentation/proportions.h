#ifndef WAYMARK_SEGMENTATION_PROPORTIONS_H_
#define WAYMARK_SEGMENTATION_PROPORTIONS_H_

#include <cstdint>

namespace waymark::segmentation {

// So many of so many. Pure functions.
struct Proportion {
  int64_t hits = 0;
  int64_t total = 0;

  double rate() const { return total == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(total); }
};

struct Interval {
  double low = 0;
  double high = 0;
};

// The 95 % confidence interval of a proportion: Wilson's score interval without continuity correction (E. B. Wilson,
// 1927; method 3 of R. G. Newcombe, Statistics in Medicine 17, 857-872, 1998). 0 to 1 where the total is 0.
Interval WilsonInterval(const Proportion& proportion);

// That of a.rate() - b.rate(), of two that are independent: the square-and-add of Wilson's intervals (method 10 of
// R. G. Newcombe, Statistics in Medicine 17, 873-890, 1998). -1 to 1 where a total is 0.
Interval NewcombeInterval(const Proportion& a, const Proportion& b);

// How unlikely a difference of the rates of two independent samples is if the rates are equal.
struct RateTest {
  double z = 0;        // standard errors by which a's rate is above b's
  double p_value = 1;  // two-sided
};

// The two-proportion z-test with the pooled variance; its square is Pearson's chi-square of the fourfold table without
// continuity correction. 0 and 1 where a total is 0, or where all or none are hits.
RateTest TestEqualRates(const Proportion& a, const Proportion& b);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_PROPORTIONS_H_
