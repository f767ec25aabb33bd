#include "segmentation/lifetime_value.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "segmentation/maximize.h"

namespace waymark::segmentation {
namespace {

constexpr double kDaysAYear = 365.25;

// What of the BG/NBD likelihood depends on x alone.
struct OfX {
  double value = 0;
  double by_r = 0;
  double by_a = 0;
  double by_b = 0;
};

OfX TermsOf(const BgNbd& m, int32_t x) {
  const double by_sum = Digamma(m.a + m.b) - Digamma(m.a + m.b + x);
  return {.value = std::lgamma(m.r + x) - std::lgamma(m.r) + m.r * std::log(m.alpha) + std::lgamma(m.a + m.b) -
                   std::lgamma(m.a + m.b + x) + std::lgamma(m.b + x) - std::lgamma(m.b),
          .by_r = Digamma(m.r + x) - Digamma(m.r) + std::log(m.alpha),
          .by_a = by_sum,
          .by_b = by_sum + Digamma(m.b + x) - Digamma(m.b)};
}

// The logarithm of the odds that the customer dropped out right after the last purchase. REQUIRES: x > 0.
double LogOddsDropped(const BgNbd& m, int32_t x, double t_x, double T) {
  return std::log(m.a / (m.b + x - 1)) + (m.r + x) * std::log((m.alpha + T) / (m.alpha + t_x));
}

// log(1 + exp(z)), where exp(z) may overflow.
double Log1pExp(double z) { return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))); }

double Logistic(double z) { return 1 / (1 + std::exp(-z)); }

std::vector<double> Logarithms(std::vector<double> values) {
  for (double& value : values) value = std::log(value);
  return values;
}

bool ByHistory(const RepeatPurchases& l, const RepeatPurchases& r) {
  return std::tie(l.x, l.t_x, l.T) < std::tie(r.x, r.t_x, r.T);
}

// Sorts, and makes one row of equal histories.
void Aggregate(std::vector<RepeatPurchases>& rows) {
  std::sort(rows.begin(), rows.end(), ByHistory);
  size_t kept = 0;
  for (size_t i = 1; i < rows.size(); ++i) {
    if (ByHistory(rows[kept], rows[i])) {
      rows[++kept] = rows[i];
    } else {
      rows[kept].customers += rows[i].customers;
    }
  }
  if (!rows.empty()) rows.resize(kept + 1);
}

// The purchases to expect of who is alive. The paper's eq. 10 has, over a - 1,
//     (a+b+x-1) (1 - (1-z)^(r+x) F(r+x, b+x; a+b+x-1; z)),    z = t / (alpha+T+t).
// Euler's transformation makes the power times F into (1-z)^(a-1) F(a+b-1-r, a-1; a+b+x-1; z), whose terms stay small
// for any x. With F = 1 + (a-1) S / (a+b+x-1) both 1 - (1-z)^(a-1) and the series are divided by a - 1 before they are
// computed, so that a = 1 and a + b + x = 1 are like any other. None where it converges too slowly, or where r is so
// large that its terms would cancel each other.
absl::optional<double> ExpectedIfAliveBySeries(const BgNbd& model, int32_t x, double T, double weeks) {
  constexpr int kMaxTerms = 2'000;
  constexpr double kMaxCancellation = 1e5;
  const double c = model.a + model.b + x - 1;
  const double z = weeks / (model.alpha + T + weeks);
  const double log_rest = -std::log1p(weeks / (model.alpha + T));  // log(1 - z)
  const double first = model.a + model.b - 1 - model.r;
  double term = first * z;
  double series = term;
  double magnitude = std::abs(term);
  for (int n = 1; std::abs(term) > 1e-15 * magnitude * (1 - z); ++n) {
    if (n == kMaxTerms) return absl::nullopt;
    term *= (first + n) * (model.a + n - 1) / ((c + n) * (n + 1)) * z;
    series += term;
    magnitude += std::abs(term);
  }
  const double exponent = (model.a - 1) * log_rest;
  const double power = exponent == 0 ? log_rest : std::expm1(exponent) / (model.a - 1);
  const double expected = -(c * power + std::exp(exponent) * series);
  if (!(std::exp(exponent) * magnitude < kMaxCancellation * expected)) return absl::nullopt;
  return expected;
}

// The same as the mean over p, which is Beta(a, b + x) of who is alive, of f(p) = (1 - (1 + p t/(alpha+T))^-(r+x)) / p.
// The chord from f(0) to f(1) has a mean in closed form; what f is below it dies away at both ends, so that the
// trapezoidal rule over logit(p), from the peak of p's density to either side, is exact to some nine digits.
double ExpectedIfAliveByQuadrature(const BgNbd& model, int32_t x, double T, double weeks) {
  const double a = model.a;
  const double b = model.b + x;
  const double tau = weeks / (model.alpha + T);
  const double f0 = (model.r + x) * tau;
  const auto f = [&](double p) { return p == 0 ? f0 : -std::expm1(-(model.r + x) * std::log1p(p * tau)) / p; };
  const double f1 = f(1);
  const double log_beta = std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
  const double step = 0.2 / std::sqrt(1 + std::min(a, b));
  const double peak = std::log(a / b);
  double below = 0;
  for (const double direction : {-1.0, 1.0}) {
    for (int i = direction > 0 ? 0 : 1;; ++i) {
      const double logit = peak + direction * i * step;
      const double p = Logistic(logit);
      const double q = Logistic(-logit);
      const double density = std::exp(-a * Log1pExp(-logit) - b * Log1pExp(logit) - log_beta);
      const double term = density * (f0 * q + f1 * p - f(p)) * step;
      below += term;
      if (term <= 1e-13 * below && i >= 8) break;
    }
  }
  return (f0 * b + f1 * a) / (a + b) - below;
}

}  // namespace

double LogLikelihood(const BgNbd& model, absl::Span<const RepeatPurchases> rows, absl::Span<double> gradient) {
  double sum = 0;
  double by_r = 0;
  double by_alpha = 0;
  double by_a = 0;
  double by_b = 0;
  int32_t x = -1;
  OfX of_x;
  for (const RepeatPurchases& row : rows) {
    if (row.x != x) of_x = TermsOf(model, x = row.x);
    const auto customers = static_cast<double>(row.customers);
    const double log_end = std::log(model.alpha + row.T);
    const double log_odds = row.x > 0 ? LogOddsDropped(model, row.x, row.t_x, row.T) : 0;
    sum += customers * (of_x.value - (model.r + row.x) * log_end + (row.x > 0 ? Log1pExp(log_odds) : 0));
    if (gradient.empty()) continue;
    const double dropped = row.x > 0 ? Logistic(log_odds) : 0;  // the probability of having dropped out
    const double log_last = row.x > 0 ? std::log(model.alpha + row.t_x) : 0;
    by_r += customers * (of_x.by_r - (1 - dropped) * log_end - dropped * log_last);
    by_alpha += customers * (model.r / model.alpha - (model.r + row.x) * ((1 - dropped) / (model.alpha + row.T) +
                                                                          dropped / (model.alpha + row.t_x)));
    by_a += customers * (of_x.by_a + dropped / model.a);
    by_b += customers * (of_x.by_b - (row.x > 0 ? dropped / (model.b + row.x - 1) : 0));
  }
  if (!gradient.empty()) {
    const double all[] = {by_r, by_alpha, by_a, by_b};
    std::copy(std::begin(all), std::end(all), gradient.begin());
  }
  return sum;
}

absl::optional<BgNbdFit> FitBgNbd(std::vector<RepeatPurchases> rows) {
  Aggregate(rows);
  double customers = 0;
  int64_t repeat_buyers = 0;
  for (const RepeatPurchases& row : rows) {
    customers += static_cast<double>(row.customers);
    if (row.x > 0) repeat_buyers += row.customers;
  }
  if (repeat_buyers < kMinRepeatBuyers) return absl::nullopt;
  // Of the logarithms of the parameters, so that they are positive and of one scale; a customer's mean.
  const auto mean_log_likelihood = [&](absl::Span<const double> logs, absl::Span<double> gradient) {
    const BgNbd model{std::exp(logs[0]), std::exp(logs[1]), std::exp(logs[2]), std::exp(logs[3])};
    const double sum = LogLikelihood(model, rows, gradient);
    const double parameters[] = {model.r, model.alpha, model.a, model.b};
    for (size_t i = 0; i < 4; ++i) gradient[i] *= parameters[i] / customers;
    return sum / customers;
  };
  // At r = 100 or a = 100 customers hardly differ in their rate, or in how they drop out; more would change nothing but
  // the cost of readings.
  const std::vector<double> starts[] = {Logarithms({1, 10, 1, 1}), Logarithms({0.3, 5, 0.8, 2.5}),
                                        Logarithms({3, 30, 0.2, 2})};
  const absl::optional<Maximum> best =
      Maximize(mean_log_likelihood, starts, Logarithms({1e-3, 1e-3, 1e-4, 1e-4}), Logarithms({100, 1e5, 100, 1e5}));
  if (!best) return absl::nullopt;
  const std::vector<double>& logs = best->parameters;
  return BgNbdFit{{std::exp(logs[0]), std::exp(logs[1]), std::exp(logs[2]), std::exp(logs[3])},
                  best->value * customers};
}

absl::optional<BgNbdFit> FitBgNbd(absl::Span<const PurchaseHistory> buyers) {
  std::vector<RepeatPurchases> rows;
  rows.reserve(buyers.size());
  for (const PurchaseHistory& buyer : buyers) {
    rows.push_back({.x = buyer.repeat_purchases, .t_x = buyer.last_purchase_weeks(), .T = buyer.age_weeks()});
  }
  return FitBgNbd(std::move(rows));
}

double ProbabilityAlive(const BgNbd& model, int32_t x, double t_x, double T) {
  return x == 0 ? 1 : Logistic(-LogOddsDropped(model, x, t_x, T));
}

double ExpectedPurchases(const BgNbd& model, int32_t x, double t_x, double T, double weeks) {
  if (weeks <= 0) return 0;
  absl::optional<double> expected = ExpectedIfAliveBySeries(model, x, T, weeks);
  if (!expected) expected = ExpectedIfAliveByQuadrature(model, x, T, weeks);
  return *expected * ProbabilityAlive(model, x, t_x, T);
}

double LogLikelihood(const GammaGamma& model, absl::Span<const RepeatSpend> rows, absl::Span<double> gradient) {
  const auto [p, q, gamma] = model;
  double sum = 0;
  double by_p = 0;
  double by_q = 0;
  double by_gamma = 0;
  int32_t x = -1;
  double of_x = 0;
  double psi_px = 0;
  double psi_pxq = 0;
  for (const RepeatSpend& row : rows) {
    const double px = p * row.x;
    if (row.x != x) {
      x = row.x;
      of_x = std::lgamma(px + q) - std::lgamma(px) - std::lgamma(q) + q * std::log(gamma);
      psi_px = Digamma(px);
      psi_pxq = Digamma(px + q);
    }
    const double log_spent = std::log(row.x * row.mean);
    const double log_sum = std::log(gamma + row.x * row.mean);
    sum += of_x + px * log_spent - std::log(row.mean) - (px + q) * log_sum;
    if (gradient.empty()) continue;
    by_p += row.x * (psi_pxq - psi_px + log_spent - log_sum);
    by_q += psi_pxq - log_sum;
    by_gamma += q / gamma - (px + q) / (gamma + row.x * row.mean);
  }
  if (!gradient.empty()) {
    gradient[0] = by_p;
    gradient[1] = by_q + static_cast<double>(rows.size()) * (std::log(gamma) - Digamma(q));
    gradient[2] = by_gamma;
  }
  return sum;
}

absl::optional<GammaGamma> FitGammaGamma(std::vector<RepeatSpend> rows) {
  rows.erase(
      std::remove_if(rows.begin(), rows.end(), [](const RepeatSpend& row) { return row.x == 0 || row.mean <= 0; }),
      rows.end());
  if (static_cast<int64_t>(rows.size()) < kMinRepeatBuyers) return absl::nullopt;
  std::sort(rows.begin(), rows.end(),
            [](const RepeatSpend& l, const RepeatSpend& r) { return std::tie(l.x, l.mean) < std::tie(r.x, r.mean); });
  const auto customers = static_cast<double>(rows.size());
  // In units of everyone's mean, so that gamma is of the scale of the others.
  double unit = 0;
  for (const RepeatSpend& row : rows) unit += row.mean / customers;
  for (RepeatSpend& row : rows) row.mean /= unit;
  const auto mean_log_likelihood = [&](absl::Span<const double> logs, absl::Span<double> gradient) {
    const GammaGamma model{std::exp(logs[0]), std::exp(logs[1]), std::exp(logs[2])};
    const double sum = LogLikelihood(model, rows, gradient);
    const double parameters[] = {model.p, model.q, model.gamma};
    for (size_t i = 0; i < 3; ++i) gradient[i] *= parameters[i] / customers;
    return sum / customers;
  };
  const std::vector<double> starts[] = {Logarithms({1, 2, 1}), Logarithms({6, 4, 0.5}), Logarithms({2, 10, 5})};
  const absl::optional<Maximum> best =
      Maximize(mean_log_likelihood, starts, Logarithms({1e-3, 1.001, 1e-4}), Logarithms({1e4, 1e4, 1e4}));
  if (!best) return absl::nullopt;
  return GammaGamma{std::exp(best->parameters[0]), std::exp(best->parameters[1]), std::exp(best->parameters[2]) * unit};
}

absl::optional<GammaGamma> FitGammaGamma(absl::Span<const PurchaseHistory> buyers) {
  std::vector<RepeatSpend> rows;
  rows.reserve(buyers.size());
  for (const PurchaseHistory& buyer : buyers) rows.push_back({buyer.repeat_purchases, buyer.mean_repeat_value});
  return FitGammaGamma(std::move(rows));
}

double ExpectedSpend(const GammaGamma& model, int32_t x, double mean) {
  const auto [p, q, gamma] = model;
  return p * (gamma + x * mean) / (p * x + q - 1);
}

double PlainLifetimeValue(const PurchaseHistory& history, absl::Duration lifespan) {
  const double years = std::max(1.0, history.age_days / kDaysAYear);
  const double lifespan_years = absl::FDivDuration(lifespan, absl::Hours(24)) / kDaysAYear;
  return static_cast<double>(history.revenue_micros) / 1e6 / years * lifespan_years;
}

}  // namespace waymark::segmentation
