#include "segmentation/lifetime_value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "segmentation/maximize.h"

namespace waymark::segmentation {
namespace {

// The paper's estimates for the CDNOW data.
constexpr BgNbd kCdnow{.r = 0.243, .alpha = 4.414, .a = 0.793, .b = 2.426};
constexpr GammaGamma kCdnowSpend{.p = 6.25, .q = 3.74, .gamma = 15.44};

double Beta(std::mt19937_64& random, double a, double b) {
  const double x = std::gamma_distribution<double>(a)(random);
  const double y = std::gamma_distribution<double>(b)(random);
  return x / (x + y);
}

// Customers as the model says they are, seen for T weeks.
std::vector<RepeatPurchases> Simulate(const BgNbd& model, int customers, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<RepeatPurchases> rows;
  for (int i = 0; i < customers; ++i) {
    const double rate = std::gamma_distribution<double>(model.r, 1 / model.alpha)(random);
    const double drop_out = Beta(random, model.a, model.b);
    RepeatPurchases row{.T = std::uniform_real_distribution<double>(27, 39)(random)};
    double at = std::exponential_distribution<double>(rate)(random);
    while (at < row.T) {
      ++row.x;
      row.t_x = at;
      if (std::bernoulli_distribution(drop_out)(random)) break;
      at += std::exponential_distribution<double>(rate)(random);
    }
    rows.push_back(row);
  }
  return rows;
}

std::vector<RepeatSpend> SimulateSpend(const GammaGamma& model, int customers, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<RepeatSpend> rows;
  for (int i = 0; i < customers; ++i) {
    const double nu = std::gamma_distribution<double>(model.q, 1 / model.gamma)(random);
    const int x = 1 + static_cast<int>(random() % 5);
    rows.push_back({x, std::gamma_distribution<double>(model.p * x, 1 / nu)(random) / x});
  }
  return rows;
}

// A customer's posterior by quadrature over rate and drop-out probability, from the model's own assumptions and none of
// its closed forms: the trapezoidal rule over log(rate) and logit(p), where the integrands die away at both ends.
struct Posterior {
  double likelihood = 0;
  double alive = 0;
  double expected = 0;
};

Posterior Integrate(const BgNbd& m, int x, double t_x, double T, double weeks) {
  Posterior sums;
  constexpr double kStep = 0.1;
  for (double log_rate = -120; log_rate < 8; log_rate += kStep) {
    const double rate = std::exp(log_rate);
    const double prior_rate = m.r * std::log(m.alpha) + m.r * log_rate - m.alpha * rate - std::lgamma(m.r);
    for (double logit = -80; logit < 80; logit += kStep) {
      const double log_p = -std::log1p(std::exp(-logit));
      const double log_not_p = -std::log1p(std::exp(logit));
      const double prior =
          prior_rate + m.a * log_p + m.b * log_not_p + std::lgamma(m.a + m.b) - std::lgamma(m.a) - std::lgamma(m.b);
      const double alive = std::exp(prior + x * (log_not_p + log_rate) - rate * T);
      const double dropped = x == 0 ? 0 : std::exp(prior + log_p + (x - 1) * log_not_p + x * log_rate - rate * t_x);
      const double p = std::exp(log_p);
      sums.likelihood += alive + dropped;
      sums.alive += alive;
      sums.expected += alive * -std::expm1(-rate * p * weeks) / p;
    }
  }
  sums.alive /= sums.likelihood;
  sums.expected /= sums.likelihood;
  sums.likelihood *= kStep * kStep;
  return sums;
}

TEST(BgNbd, AgreesWithItsAssumptionsIntegrated) {
  struct Case {
    BgNbd model;
    int x;
    double t_x;
    double T;
    double weeks;
  };
  const Case cases[] = {
      {kCdnow, 0, 0, 38.86, 39},
      {kCdnow, 2, 30.43, 38.86, 39},
      {kCdnow, 26, 30.86, 31, 52},
      {kCdnow, 7, 10, 38, 4},
      {{0.5, 6, 1, 2}, 3, 12, 30, 52},  // a = 1: eq. 10 is 0 / 0
      {{0.5, 6, 1, 2}, 0, 0, 30, 52},
      {{0.4, 5, 0.3, 0.5}, 0, 0, 20, 30},  // a + b < 1
      {{0.4, 5, 0.3, 0.7}, 0, 0, 20, 30},  // a + b = 1
      {{2, 10, 2.5, 8}, 60, 99, 100, 300},
      {{60, 50, 0.3, 4}, 40, 30, 31, 52},  // everyone at one rate: the series' terms cancel
      {{60, 50, 2, 0.4}, 1, 30, 31, 520},
      {{0.2, 0.5, 0.7, 2}, 0, 0, 0, 5'200},  // far ahead of nothing: the series hardly converges
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::Message() << "x " << c.x << " a " << c.model.a);
    const Posterior posterior = Integrate(c.model, c.x, c.t_x, c.T, c.weeks);
    const RepeatPurchases row{c.x, c.t_x, c.T};
    EXPECT_NEAR(LogLikelihood(c.model, {&row, 1}), std::log(posterior.likelihood), 1e-7);
    EXPECT_NEAR(ProbabilityAlive(c.model, c.x, c.t_x, c.T), posterior.alive, 1e-7);
    EXPECT_NEAR(ExpectedPurchases(c.model, c.x, c.t_x, c.T, c.weeks), posterior.expected, 1e-6 * posterior.expected);
  }
}

// From the paper (section 5) and from the manual of R's BTYD, which has the same data's parameters.
TEST(BgNbd, AgreesWithPublishedExamples) {
  EXPECT_NEAR(ExpectedPurchases(kCdnow, 2, 30.43, 38.86, 39), 1.226, 5e-4);
  EXPECT_NEAR(ExpectedPurchases(kCdnow, 26, 30.86, 31, 52), 25.76, 0.02);
}

TEST(BgNbd, ExpectsMoreOfMoreTimeAndNeverLosesItsDigits) {
  EXPECT_EQ(ExpectedPurchases(kCdnow, 3, 20, 30, 0), 0);
  for (int x : {0, 1, 2, 10, 100, 1'000, 20'000}) {
    double before = 0;
    for (double weeks : {0.01, 1.0, 10.0, 52.0, 520.0, 5'200.0}) {
      const double expected = ExpectedPurchases(kCdnow, x, 30, 31, weeks);
      EXPECT_GT(expected, before) << x << " " << weeks;
      // As if nobody dropped out: more than that cannot be.
      EXPECT_LT(expected, (kCdnow.r + x) / (kCdnow.alpha + 31) * weeks) << x << " " << weeks;
      before = expected;
    }
  }
}

TEST(BgNbd, GradientIsTheDerivative) {
  const std::vector<RepeatPurchases> rows = Simulate(kCdnow, 50, 1);
  std::array<double, 4> gradient{};
  LogLikelihood(kCdnow, rows, absl::MakeSpan(gradient));
  double BgNbd::*const members[] = {&BgNbd::r, &BgNbd::alpha, &BgNbd::a, &BgNbd::b};
  for (size_t i = 0; i < 4; ++i) {
    constexpr double kStep = 1e-5;
    BgNbd less = kCdnow;
    BgNbd more = kCdnow;
    less.*members[i] -= kStep;
    more.*members[i] += kStep;
    EXPECT_NEAR(gradient[i], (LogLikelihood(more, rows) - LogLikelihood(less, rows)) / (2 * kStep), 1e-4) << i;
  }
}

TEST(BgNbd, FindsTheParametersOfSimulatedCustomers) {
  for (const BgNbd& model : {kCdnow, BgNbd{1.5, 8, 0.4, 3}, BgNbd{0.6, 12, 1.5, 4}}) {
    const std::vector<RepeatPurchases> rows = Simulate(model, 40'000, 7);
    const absl::optional<BgNbdFit> fit = FitBgNbd(rows);
    ASSERT_TRUE(fit.has_value());
    const BgNbd& found = fit->parameters;
    EXPECT_NEAR(found.r / model.r, 1, 0.06);
    EXPECT_NEAR(found.alpha / model.alpha, 1, 0.06);
    EXPECT_NEAR(found.a / (found.a + found.b), model.a / (model.a + model.b), 0.02);
    EXPECT_NEAR(found.a / model.a, 1, 0.2);
    // It is the maximum: not below the truth, and flat there.
    EXPECT_GE(fit->log_likelihood, LogLikelihood(model, rows));
    std::array<double, 4> gradient{};
    EXPECT_NEAR(LogLikelihood(found, rows, absl::MakeSpan(gradient)), fit->log_likelihood, 1e-6);
    for (double slope : gradient) EXPECT_LT(std::abs(slope) / static_cast<double>(rows.size()), 1e-10);
  }
}

// The order of customers, and where the search starts, do not show in the first eight digits.
TEST(BgNbd, FitDoesNotDependOnTheOrder) {
  std::vector<RepeatPurchases> rows = Simulate(kCdnow, 2'357, 3);
  const absl::optional<BgNbdFit> fit = FitBgNbd(rows);
  std::reverse(rows.begin(), rows.end());
  const absl::optional<BgNbdFit> reversed = FitBgNbd(rows);
  ASSERT_TRUE(fit && reversed);
  EXPECT_EQ(fit->parameters, reversed->parameters);
}

TEST(BgNbd, TooFewRepeatBuyersAreNotFitted) {
  std::vector<RepeatPurchases> rows(1'000, RepeatPurchases{.x = 0, .t_x = 0, .T = 30});
  EXPECT_FALSE(FitBgNbd(rows).has_value());
  rows.resize(1'000 + kMinRepeatBuyers - 1, RepeatPurchases{.x = 1, .t_x = 10, .T = 30});
  EXPECT_FALSE(FitBgNbd(rows).has_value());
  rows.push_back({.x = 2, .t_x = 10, .T = 20});
  EXPECT_TRUE(FitBgNbd(rows).has_value());
}

// Data that the model's bounds hold rather than the data: everyone alike, nobody ever back, all at once.
TEST(BgNbd, DegenerateDataGivesFiniteParameters) {
  const std::vector<RepeatPurchases> cases[] = {
      std::vector<RepeatPurchases>(200, {.x = 5, .t_x = 30, .T = 31}),
      std::vector<RepeatPurchases>(200, {.x = 1, .t_x = 0, .T = 0}),
      std::vector<RepeatPurchases>(200, {.x = 400, .t_x = 400, .T = 400}),
  };
  for (const std::vector<RepeatPurchases>& rows : cases) {
    const absl::optional<BgNbdFit> fit = FitBgNbd(rows);
    ASSERT_TRUE(fit.has_value());
    EXPECT_TRUE(std::isfinite(fit->log_likelihood));
    EXPECT_TRUE(std::isfinite(ExpectedPurchases(fit->parameters, rows[0].x, rows[0].t_x, rows[0].T, 52)));
  }
}

TEST(GammaGamma, GradientIsTheDerivative) {
  const std::vector<RepeatSpend> rows = SimulateSpend(kCdnowSpend, 50, 1);
  std::array<double, 3> gradient{};
  LogLikelihood(kCdnowSpend, rows, absl::MakeSpan(gradient));
  double GammaGamma::*const members[] = {&GammaGamma::p, &GammaGamma::q, &GammaGamma::gamma};
  for (size_t i = 0; i < 3; ++i) {
    constexpr double kStep = 1e-5;
    GammaGamma less = kCdnowSpend;
    GammaGamma more = kCdnowSpend;
    less.*members[i] -= kStep;
    more.*members[i] += kStep;
    EXPECT_NEAR(gradient[i], (LogLikelihood(more, rows) - LogLikelihood(less, rows)) / (2 * kStep), 1e-4) << i;
  }
}

TEST(GammaGamma, FindsTheParametersOfSimulatedCustomers) {
  for (const GammaGamma& model : {kCdnowSpend, GammaGamma{2, 5, 3'000}}) {
    const std::vector<RepeatSpend> rows = SimulateSpend(model, 40'000, 5);
    const absl::optional<GammaGamma> found = FitGammaGamma(rows);
    ASSERT_TRUE(found.has_value());
    EXPECT_NEAR(found->p / model.p, 1, 0.06);
    EXPECT_NEAR(found->q / model.q, 1, 0.06);
    EXPECT_NEAR(found->gamma / model.gamma, 1, 0.1);
    std::array<double, 3> gradient{};
    LogLikelihood(*found, rows, absl::MakeSpan(gradient));
    gradient[2] *= found->gamma;
    for (double slope : gradient) EXPECT_LT(std::abs(slope) / static_cast<double>(rows.size()), 1e-10);
  }
}

// Against the posterior mean of p / nu, by quadrature over log(nu).
TEST(GammaGamma, ExpectedSpendAgreesWithItsAssumptionsIntegrated) {
  const auto [p, q, gamma] = kCdnowSpend;
  for (const RepeatSpend& row : {RepeatSpend{0, 0}, RepeatSpend{1, 10}, RepeatSpend{3, 80}, RepeatSpend{40, 80}}) {
    const double shape = p * row.x + q;
    const double rate = gamma + row.x * row.mean;
    double weight = 0;
    double spend = 0;
    for (double log_nu = -20; log_nu < 10; log_nu += 0.01) {
      const double nu = std::exp(log_nu);
      const double density = std::exp(shape * (log_nu - std::log(shape / rate)) - nu * rate + shape);  // 1 at its peak
      weight += density;
      spend += density * p / nu;
    }
    EXPECT_NEAR(ExpectedSpend(kCdnowSpend, row.x, row.mean), spend / weight, 1e-6 * spend / weight);
  }
}

TEST(GammaGamma, WorthlessPurchasesDoNotCount) {
  std::vector<RepeatSpend> rows = SimulateSpend(kCdnowSpend, kMinRepeatBuyers - 1, 5);
  rows.resize(500, RepeatSpend{3, 0});
  EXPECT_FALSE(FitGammaGamma(rows).has_value());
}

TEST(PlainLifetimeValue, IsValueTimesFrequencyTimesLifespan) {
  // 8 orders of 25 in two years, seen over three years.
  PurchaseHistory history{.orders = 8, .revenue_micros = 200'000'000, .age_days = 730};
  constexpr double kYear = 365.25;
  EXPECT_NEAR(PlainLifetimeValue(history, absl::Hours(24) * 1'095), 25 * (8 / (730 / kYear)) * (1'095 / kYear), 1e-9);
  // Who is new is looked at as if a year were over.
  history.age_days = 1;
  EXPECT_NEAR(PlainLifetimeValue(history, absl::Hours(24) * 365.25), 200, 1e-9);
}

TEST(Digamma, AgreesWithKnownValues) {
  EXPECT_NEAR(Digamma(1), -0.57721566490153286, 1e-14);
  EXPECT_NEAR(Digamma(0.5), -1.9635100260214235, 1e-14);
  EXPECT_NEAR(Digamma(100), 4.6001618527380874, 1e-13);
  EXPECT_NEAR(Digamma(1e-4), -10000.577051183514, 1e-10);
}

TEST(Maximize, FindsTheBestOfSeveralHills) {
  const auto hills = [](absl::Span<const double> at, absl::Span<double> gradient) {
    const double x = at[0];
    gradient[0] = -4 * x * x * x + 4 * x + 0.1;
    return -x * x * x * x + 2 * x * x + 0.1 * x;
  };
  const std::vector<double> starts[] = {{-1.5}, {0.5}};
  const absl::optional<Maximum> maximum = Maximize(hills, starts, {-2}, {2});
  ASSERT_TRUE(maximum.has_value());
  EXPECT_NEAR(maximum->parameters[0], 1.0123, 1e-3);
  EXPECT_FALSE(Maximize([](auto, auto) { return NAN; }, starts, {-2}, {2}).has_value());
}

}  // namespace
}  // namespace waymark::segmentation
