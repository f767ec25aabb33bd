#ifndef WAYMARK_SEGMENTATION_MAXIMIZE_H_
#define WAYMARK_SEGMENTATION_MAXIMIZE_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace waymark::segmentation {

// A smooth function of several parameters: gives its value and writes its gradient.
using Differentiable = absl::FunctionRef<double(absl::Span<const double> parameters, absl::Span<double> gradient)>;

// Where a function is largest, and how large.
struct Maximum {
  std::vector<double> parameters;
  double value = 0;
};

// Maximizes within lower <= parameter <= upper, from each of the starts, by sequential quadratic programming (Kraft
// 1994, NLopt's SLSQP), and from the best end on by Newton's method. None where the function was finite at none of the
// ends. Deterministic. Some 30 to 100 evaluations a start where the function is of the order of 1 to 100 and so are the
// parameters' scales, which the caller sees to.
absl::optional<Maximum> Maximize(Differentiable function, absl::Span<const std::vector<double>> starts,
                                 const std::vector<double>& lower, const std::vector<double>& upper);

// The derivative of the logarithm of the gamma function, for x > 0; to some 1e-14, relative or absolute.
double Digamma(double x);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_MAXIMIZE_H_
