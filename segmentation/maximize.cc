#include "segmentation/maximize.h"

#include <nlopt.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <memory>
#include <type_traits>

namespace waymark::segmentation {
namespace {

constexpr double kTolerance = 1e-14;
constexpr int kMaxEvaluations = 1000;
constexpr int kMaxNewtonSteps = 8;

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

// The gradient by the parameters that no bound holds, `free` of them.
Eigen::VectorXd FreeGradient(Differentiable function, const std::vector<double>& parameters,
                             const std::vector<size_t>& free) {
  std::vector<double> gradient(parameters.size());
  function(parameters, absl::MakeSpan(gradient));
  Eigen::VectorXd of_free(free.size());
  for (size_t i = 0; i < free.size(); ++i) of_free[static_cast<Eigen::Index>(i)] = gradient[free[i]];
  return of_free;
}

// Newton's steps from the optimizer's end, while they make the gradient smaller: where the function is flat along some
// direction, its value tells much less exactly where the maximum is than its gradient does.
void Polish(Differentiable function, const std::vector<double>& lower, const std::vector<double>& upper, Maximum& end) {
  constexpr double kStep = 1e-5;
  std::vector<size_t> free;
  for (size_t i = 0; i < lower.size(); ++i) {
    if (end.parameters[i] - lower[i] > kStep && upper[i] - end.parameters[i] > kStep) free.push_back(i);
  }
  if (free.empty()) return;
  Eigen::VectorXd gradient = FreeGradient(function, end.parameters, free);
  for (int step = 0; step < kMaxNewtonSteps; ++step) {
    Eigen::MatrixXd hessian(free.size(), free.size());
    for (size_t i = 0; i < free.size(); ++i) {
      std::vector<double> less = end.parameters;
      std::vector<double> more = end.parameters;
      less[free[i]] -= kStep;
      more[free[i]] += kStep;
      hessian.col(static_cast<Eigen::Index>(i)) =
          (FreeGradient(function, more, free) - FreeGradient(function, less, free)) / (2 * kStep);
    }
    const Eigen::VectorXd move = hessian.partialPivLu().solve(gradient);
    Maximum next = end;
    for (size_t i = 0; i < free.size(); ++i) {
      next.parameters[free[i]] =
          std::clamp(end.parameters[free[i]] - move[static_cast<Eigen::Index>(i)], lower[free[i]], upper[free[i]]);
    }
    std::vector<double> ignored(lower.size());
    next.value = function(next.parameters, absl::MakeSpan(ignored));
    const Eigen::VectorXd next_gradient = FreeGradient(function, next.parameters, free);
    const bool better = next_gradient.norm() < gradient.norm() && next.value > end.value - 1e-12 * std::abs(end.value);
    if (!better) return;
    end = std::move(next);
    gradient = next_gradient;
  }
}

}  // namespace

absl::optional<Maximum> Maximize(Differentiable function, absl::Span<const std::vector<double>> starts,
                                 const std::vector<double>& lower, const std::vector<double>& upper) {
  const Optimizer optimizer = MakeOptimizer(function, lower, upper);
  absl::optional<Maximum> best;
  for (const std::vector<double>& start : starts) {
    Maximum end{start, -INFINITY};
    // The code is not looked at: "limited by rounding" is as good an end as "converged"; the value tells.
    nlopt_optimize(optimizer.get(), end.parameters.data(), &end.value);
    if (std::isfinite(end.value) && (!best || end.value > best->value)) best = std::move(end);
  }
  if (best) Polish(function, lower, upper, *best);
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
