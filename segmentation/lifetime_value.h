#ifndef WAYMARK_SEGMENTATION_LIFETIME_VALUE_H_
#define WAYMARK_SEGMENTATION_LIFETIME_VALUE_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/purchase_history.h"

namespace waymark::segmentation {

// How often customers buy, until they silently stop, and for how much. Time is in weeks throughout, as in the papers.
// All functions are pure and thread-safe.

// The BG/NBD model (Fader, Hardie & Lee 2005, "Counting Your Customers" the Easy Way, Marketing Science 24:2):
// purchases are Poisson with a rate that is Gamma(r, alpha) over customers; after each purchase a customer drops out
// with a probability that is Beta(a, b) over customers.
struct BgNbd {
  double r = 0;
  double alpha = 0;  // weeks
  double a = 0;
  double b = 0;

  friend bool operator==(const BgNbd&, const BgNbd&) = default;
};

// The Gamma-Gamma model of spend (Fader & Hardie 2013, The Gamma-Gamma Model of Monetary Value): a purchase's value is
// Gamma(p, nu) with nu Gamma(q, gamma) over customers, and independent of how often they buy.
struct GammaGamma {
  double p = 0;
  double q = 0;      // above 1, so that there is a mean
  double gamma = 0;  // whole units

  friend bool operator==(const GammaGamma&, const GammaGamma&) = default;
};

// Parameters and the logarithm of their likelihood.
struct BgNbdFit {
  BgNbd parameters;
  double log_likelihood = 0;
};

// Below so many customers with a repeat purchase nothing is estimated: the parameters would be noise.
inline constexpr int64_t kMinRepeatBuyers = 50;

// x repeat purchases, the last of them t_x weeks after the first purchase, seen for T weeks after it; so many
// customers.
struct RepeatPurchases {
  int32_t x = 0;
  double t_x = 0;
  double T = 0;
  int64_t customers = 1;
};

// The log-likelihood (eq. 6 of the paper), and where `gradient` is not empty its derivatives by r, alpha, a, b.
// O(rows).
double LogLikelihood(const BgNbd& model, absl::Span<const RepeatPurchases> rows, absl::Span<double> gradient = {});

// Maximum likelihood. None where fewer than kMinRepeatBuyers have a repeat purchase. Customers of equal history are
// counted together, so the order of `buyers` does not matter; some 150 evaluations of the likelihood, 10 ms each where
// 100,000 histories differ.
absl::optional<BgNbdFit> FitBgNbd(absl::Span<const PurchaseHistory> buyers);
absl::optional<BgNbdFit> FitBgNbd(std::vector<RepeatPurchases> rows);

// The probability that the customer is still one (eq. 11 of Fader & Hardie's notes on the model); 1 without a repeat
// purchase: then nobody had an occasion to drop out.
double ProbabilityAlive(const BgNbd& model, int32_t x, double t_x, double T);

// The purchases to expect within the next `weeks` (eq. 10 of the paper), through forms of it that lose no digits for
// any x and any parameters. Some 0.3 µs where `weeks` is of the size of alpha + T; at most some 20 µs.
double ExpectedPurchases(const BgNbd& model, int32_t x, double t_x, double T, double weeks);

// A customer's repeat purchases and their mean value, whole units; so many customers.
struct RepeatSpend {
  int32_t x = 0;
  double mean = 0;
};

// The log-likelihood (eq. 1a of the note), and its derivatives by p, q, gamma. O(rows).
double LogLikelihood(const GammaGamma& model, absl::Span<const RepeatSpend> rows, absl::Span<double> gradient = {});

// Maximum likelihood over those with a repeat purchase and a mean above 0. None where these are fewer than
// kMinRepeatBuyers.
absl::optional<GammaGamma> FitGammaGamma(absl::Span<const PurchaseHistory> buyers);
absl::optional<GammaGamma> FitGammaGamma(std::vector<RepeatSpend> rows);

// The mean value to expect of a customer's further purchases (eq. 5 of the note): of everyone's mean and of the
// customer's own, each by its weight. x = 0: everyone's.
double ExpectedSpend(const GammaGamma& model, int32_t x, double mean);

// The plain formula: mean order value x orders a year x lifespan in years, whole units. Orders a year are those of the
// time since the first order, which counts as a year at least, so that yesterday's first order is not 365 a year.
double PlainLifetimeValue(const PurchaseHistory& history, absl::Duration lifespan);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_LIFETIME_VALUE_H_
