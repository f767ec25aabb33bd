#ifndef WAYMARK_SEGMENTATION_RFM_H_
#define WAYMARK_SEGMENTATION_RFM_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "segmentation/purchase_history.h"

namespace waymark::segmentation {

// Recency, frequency, monetary: how long ago, how often and for how much a customer bought, each as a score of 1 to 5
// by the buyers' quintiles (Hughes 1994, Strategic Database Marketing). Pure; thread-safe.

// The quantile of sorted values, interpolated between the two nearest (type 7 of Hyndman & Fan 1996, the default of R,
// NumPy and pandas). REQUIRES: values are not empty, 0 <= p <= 1.
double Quantile(absl::Span<const double> sorted, double p);

// The eleven usual segments.
enum class RfmSegment : uint8_t {
  kChampions,
  kLoyal,
  kPotentialLoyalist,
  kNewCustomer,
  kPromising,
  kNeedAttention,
  kAboutToSleep,
  kAtRisk,
  kCannotLose,
  kHibernating,
  kLost,
};
inline constexpr size_t kRfmSegments = 11;

// "champions".
absl::string_view NameOf(RfmSegment segment);

// Where the scores change: quintiles of the buyers, ascending. All empty: there were no buyers.
struct RfmBoundaries {
  std::vector<double> recency_days;  // upper boundaries of the scores 5, 4, 3, 2
  std::vector<double> frequency;     // upper boundaries of the scores 1, 2, 3, 4: orders
  std::vector<double> monetary;      // the same: whole units, all orders together

  friend bool operator==(const RfmBoundaries&, const RfmBoundaries&) = default;
};

// Each score is 1 (worst) to 5 (best).
struct Rfm {
  int recency = 0;
  int frequency = 0;
  int monetary = 0;

  std::string cell() const;  // "543"
  RfmSegment segment() const;

  friend bool operator==(const Rfm&, const Rfm&) = default;
};

// O(n log n).
RfmBoundaries FitRfm(absl::Span<const PurchaseHistory> buyers);

// By value: who has a boundary's value has the score below it, so equal customers have equal scores, as pandas' qcut
// and R's cut of quantiles give them. Where many are equal (one order each) two boundaries are, and the score between
// them is nobody's. REQUIRES: the boundaries are not empty.
Rfm RfmOf(const RfmBoundaries& boundaries, const PurchaseHistory& history);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_RFM_H_
