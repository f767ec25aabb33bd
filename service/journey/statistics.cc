#include "service/journey/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

#include "absl/numeric/int128.h"

namespace waymark::journey {
namespace {

constexpr double kZ = 1.959963984540054;  // of 95 %

// Of 1 to 9 degrees of freedom.
constexpr double kStudentT975[] = {12.7062047362, 4.3026527297, 3.1824463053, 2.7764451052, 2.5705818356,
                                   2.4469118511,  2.3646242516, 2.3060041352, 2.2621571628};

Estimate Symmetric(double value, double half) { return {value, value - half, value + half}; }

}  // namespace

double StudentT975(int64_t degrees_of_freedom) {
  if (degrees_of_freedom <= static_cast<int64_t>(std::size(kStudentT975))) return kStudentT975[degrees_of_freedom - 1];
  const double z2 = kZ * kZ;
  const double n = static_cast<double>(degrees_of_freedom);
  const double g1 = kZ * (z2 + 1) / 4;
  const double g2 = kZ * ((5 * z2 + 16) * z2 + 3) / 96;
  const double g3 = kZ * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  const double g4 = kZ * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
  return kZ + (g1 + (g2 + (g3 + g4 / n) / n) / n) / n;
}

Estimate MeanOf(int64_t n, int64_t sum, int64_t sum_of_squares) {
  const auto count = static_cast<double>(n);
  const double mean = static_cast<double>(sum) / count;
  if (n == 1) return Symmetric(mean, 0);
  // n^2 (n - 1) times the variance of the mean.
  const absl::int128 scaled = absl::int128(n) * sum_of_squares - absl::int128(sum) * sum;
  const double variance_of_mean = static_cast<double>(scaled) / (count * count * (count - 1));
  return Symmetric(mean, StudentT975(n - 1) * std::sqrt(variance_of_mean));
}

Estimate NetPromoterScore(int64_t promoters, int64_t passives, int64_t detractors) {
  const auto n = static_cast<double>(promoters + passives + detractors);
  const double score = static_cast<double>(promoters - detractors) / n;
  const double variance = static_cast<double>(promoters + detractors) / n - score * score;
  return Symmetric(score, kZ * std::sqrt(std::max(variance, 0.0) / n));
}

std::vector<bool> Discoveries(absl::Span<const double> p_values, double rate) {
  std::vector<double> sorted(p_values.begin(), p_values.end());
  std::sort(sorted.begin(), sorted.end());
  double threshold = -1;
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] <= rate * static_cast<double>(i + 1) / static_cast<double>(sorted.size())) threshold = sorted[i];
  }
  std::vector<bool> discoveries(p_values.size());
  for (size_t i = 0; i < p_values.size(); ++i) discoveries[i] = p_values[i] <= threshold;
  return discoveries;
}

}  // namespace waymark::journey
