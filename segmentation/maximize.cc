#include "segmentation/maximize.h"

#include <nlopt.h>

#include <cmath>
#include <memory>
#include <type_traits>

namespace waymark::segmentation {
namespace {

constexpr double kTolerance = 1e-14;
constexpr int kMaxEvaluations = 1000;
constexpr int kMaxPolishes = 8;

// Takes NLopt's view of the function: `data` is a Differentiable.
double Evaluate(unsigned size, const double* parameters, double* gradient, void* data) {
  std::vector<double> ignored(gradient == nullptr ? size : 0);
  if (gradient == nullptr) gradient = ignored.data();
  return (*static_cast<Differentiable*>(data))({parameters, size}, {gradient, size});
}

using Optimizer = std::unique_ptr<std::remove_pointer_t<nlopt_opt>, decltype(&nlopt_destroy)>;

Optimizer MakeOptimizer(Differentiable& function, const std::vector<double>& lower, const std::vector<double>& upper) {
  Optimizer optimizer(nlopt_create(NLOPT_LD_SLSQP, static_cast<unsigned>(lower.size())), &nlopt_destroy);
  nlopt_set_max_objective(optimizer.get(), &Evaluate, &function);
  nlopt_set_lower_bounds(optimizer.get(), lower.data());
  nlopt_set_upper_bounds(optimizer.get(), upper.data());
  nlopt_set_ftol_rel(optimizer.get(), kTolerance);
  nlopt_set_xtol_rel(optimizer.get(), kTolerance);
  nlopt_set_maxeval(optimizer.get(), kMaxEvaluations);
  return optimizer;
}

}  // namespace

absl::optional<Maximum> Maximize(Differentiable function, absl::Span<const std::vector<double>> starts,
                                 const std::vector<double>& lower, const std::vector<double>& upper) {
  const Optimizer optimizer = MakeOptimizer(function, lower, upper);
  absl::optional<Maximum> best;
  for (const std::vector<double>& start : starts) {
    Maximum end{start, -INFINITY};
    for (int polish = 0; polish < kMaxPolishes; ++polish) {
      std::vector<double> parameters = end.parameters;
      double value = -INFINITY;
      // The code is not looked at: "limited by rounding" is as good an end as "converged"; the value tells.
      nlopt_optimize(optimizer.get(), parameters.data(), &value);
      if (!std::isfinite(value) || value <= end.value) break;
      const bool settled = value - end.value <= kTolerance * std::abs(value);
      end = {parameters, value};
      if (settled) break;
    }
    if (std::isfinite(end.value) && (!best || end.value > best->value)) best = end;
  }
  return best;
}

// The recurrence psi(x) = psi(x + 1) - 1/x up to where the asymptotic series (Abramowitz & Stegun 6.3.18) is exact.
double Digamma(double x) {
  double shift = 0;
  while (x < 10) {
    shift -= 1 / x;
    x += 1;
  }
  const double y = 1 / (x * x);
  const double series =
      y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132 - y * (691.0 / 32760))))));
  return shift + std::log(x) - 0.5 / x - series;
}

}  // namespace waymark::segmentation
