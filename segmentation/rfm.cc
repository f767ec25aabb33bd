#include "segmentation/rfm.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace waymark::segmentation {
namespace {

using enum RfmSegment;

// By recency (1 to 5, down) and by the mean of frequency and monetary (1 to 5, across): the ranges of Putler's eleven
// segments (RFM Analysis for Successful Customer Segmentation), which overlap, cut as the table of ten in common use
// cuts them ("[1-2][3-4]": at risk,
// "[3-4][4-5]": loyal, "5[4-5]": champions, and so on); the eleventh, Putler's "lost" of the lowest scores, is taken
// out of its hibernating ones.
constexpr std::array<std::array<RfmSegment, 5>, 5> kSegments = {{
    {kLost, kHibernating, kAtRisk, kAtRisk, kCannotLose},
    {kHibernating, kHibernating, kAtRisk, kAtRisk, kCannotLose},
    {kAboutToSleep, kAboutToSleep, kNeedAttention, kLoyal, kLoyal},
    {kPromising, kPotentialLoyalist, kPotentialLoyalist, kLoyal, kLoyal},
    {kNewCustomer, kPotentialLoyalist, kPotentialLoyalist, kChampions, kChampions},
}};

constexpr std::array<absl::string_view, kRfmSegments> kNames = {
    "champions",      "loyal",   "potential_loyalist", "new_customer", "promising", "need_attention",
    "about_to_sleep", "at_risk", "cannot_lose",        "hibernating",  "lost",
};

constexpr double kMicros = 1e6;

std::vector<double> Quintiles(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {Quantile(values, 0.2), Quantile(values, 0.4), Quantile(values, 0.6), Quantile(values, 0.8)};
}

// How many boundaries the value is above: 0 to 4.
int Above(const std::vector<double>& boundaries, double value) {
  return static_cast<int>(std::lower_bound(boundaries.begin(), boundaries.end(), value) - boundaries.begin());
}

double Revenue(const PurchaseHistory& history) { return static_cast<double>(history.revenue_micros) / kMicros; }

}  // namespace

double Quantile(absl::Span<const double> sorted, double p) {
  const double position = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

absl::string_view NameOf(RfmSegment segment) { return kNames[static_cast<size_t>(segment)]; }

std::string Rfm::cell() const { return absl::StrCat(recency, frequency, monetary); }

RfmSegment Rfm::segment() const {
  const int frequency_monetary = (frequency + monetary + 1) / 2;  // halves go up
  return kSegments[recency - 1][frequency_monetary - 1];
}

RfmBoundaries FitRfm(absl::Span<const PurchaseHistory> buyers) {
  std::vector<double> recency_days;
  std::vector<double> frequency;
  std::vector<double> monetary;
  for (const PurchaseHistory& buyer : buyers) {
    recency_days.push_back(buyer.recency_days);
    frequency.push_back(static_cast<double>(buyer.orders));
    monetary.push_back(Revenue(buyer));
  }
  return {Quintiles(std::move(recency_days)), Quintiles(std::move(frequency)), Quintiles(std::move(monetary))};
}

Rfm RfmOf(const RfmBoundaries& boundaries, const PurchaseHistory& history) {
  return {.recency = 5 - Above(boundaries.recency_days, history.recency_days),
          .frequency = 1 + Above(boundaries.frequency, static_cast<double>(history.orders)),
          .monetary = 1 + Above(boundaries.monetary, Revenue(history))};
}

}  // namespace waymark::segmentation
