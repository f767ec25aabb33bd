#include "segmentation/proportions.h"

#include <cmath>

namespace waymark::segmentation {
namespace {

constexpr double kZ = 1.959963984540054;  // of 95 %

}  // namespace

Interval WilsonInterval(const Proportion& proportion) {
  if (proportion.total == 0) return {0, 1};
  const auto n = static_cast<double>(proportion.total);
  const double p = proportion.rate();
  const double z2 = kZ * kZ;
  const double middle = p + z2 / (2 * n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {proportion.hits == 0 ? 0 : (middle - half) / (1 + z2 / n),
          proportion.hits == proportion.total ? 1 : (middle + half) / (1 + z2 / n)};
}

Interval NewcombeInterval(const Proportion& a, const Proportion& b) {
  if (a.total == 0 || b.total == 0) return {-1, 1};
  const Interval of_a = WilsonInterval(a);
  const Interval of_b = WilsonInterval(b);
  const double difference = a.rate() - b.rate();
  return {difference - std::hypot(a.rate() - of_a.low, of_b.high - b.rate()),
          difference + std::hypot(of_a.high - a.rate(), b.rate() - of_b.low)};
}

RateTest TestEqualRates(const Proportion& a, const Proportion& b) {
  const Proportion pooled{a.hits + b.hits, a.total + b.total};
  if (a.total == 0 || b.total == 0 || pooled.hits == 0 || pooled.hits == pooled.total) return {};
  const double variance =
      pooled.rate() * (1 - pooled.rate()) * (1 / static_cast<double>(a.total) + 1 / static_cast<double>(b.total));
  const double z = (a.rate() - b.rate()) / std::sqrt(variance);
  return {z, std::erfc(std::abs(z) / std::sqrt(2.0))};
}

}  // namespace waymark::segmentation
