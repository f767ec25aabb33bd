#include "segmentation/rfm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace waymark::segmentation {
namespace {

using testing::ElementsAre;

PurchaseHistory Buyer(int32_t recency_days, int64_t orders, int64_t value) {
  return {.orders = orders, .revenue_micros = value * 1'000'000, .recency_days = recency_days};
}

TEST(Quantile, InterpolatesAsTypeSeven) {
  const std::vector<double> values = {1, 2, 3, 4};
  EXPECT_DOUBLE_EQ(Quantile(values, 0), 1);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.2), 1.6);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(Quantile(values, 1), 4);
  EXPECT_DOUBLE_EQ(Quantile({7}, 0.8), 7);
}

TEST(Rfm, FifthsOfTenDifferentBuyers) {
  std::vector<PurchaseHistory> buyers;
  for (int i = 1; i <= 10; ++i) buyers.push_back(Buyer(i, 11 - i, 10 * i));
  const RfmBoundaries boundaries = FitRfm(buyers);
  EXPECT_THAT(boundaries.recency_days, ElementsAre(testing::DoubleEq(2.8), testing::DoubleEq(4.6),
                                                   testing::DoubleEq(6.4), testing::DoubleEq(8.2)));
  std::map<int, int> recency;
  for (const PurchaseHistory& buyer : buyers) {
    const Rfm rfm = RfmOf(boundaries, buyer);
    ++recency[rfm.recency];
    EXPECT_EQ(rfm.frequency, rfm.recency);
    EXPECT_EQ(rfm.monetary, 6 - rfm.recency);
  }
  EXPECT_THAT(recency,
              ElementsAre(std::pair(1, 2), std::pair(2, 2), std::pair(3, 2), std::pair(4, 2), std::pair(5, 2)));
  EXPECT_EQ(RfmOf(boundaries, Buyer(1, 10, 10)).cell(), "551");
}

TEST(Rfm, EqualBuyersHaveEqualScoresAndAScoreMayBeNobodys) {
  // Half have one order: the boundaries at 20 % and 40 % are both 1.
  std::vector<PurchaseHistory> buyers;
  for (int i = 0; i < 50; ++i) buyers.push_back(Buyer(5, 1, 10));
  for (int i = 0; i < 50; ++i) buyers.push_back(Buyer(5, 2 + i, 10));
  const RfmBoundaries boundaries = FitRfm(buyers);
  EXPECT_EQ(RfmOf(boundaries, Buyer(5, 1, 10)).frequency, 1);
  EXPECT_EQ(RfmOf(boundaries, Buyer(5, 2, 10)).frequency, 3);
  // All the same: the best recency, the lowest spend.
  EXPECT_EQ(RfmOf(boundaries, buyers[0]).recency, 5);
  EXPECT_EQ(RfmOf(boundaries, buyers[0]).monetary, 1);
}

TEST(Rfm, WhoHasABoundarysValueHasTheScoreBelowIt) {
  const RfmBoundaries boundaries{{10, 20, 30, 40}, {1, 2, 3, 4}, {1, 2, 3, 4}};
  EXPECT_EQ(RfmOf(boundaries, Buyer(10, 1, 4)), (Rfm{5, 1, 4}));
  EXPECT_EQ(RfmOf(boundaries, Buyer(11, 2, 5)), (Rfm{4, 2, 5}));
  EXPECT_EQ(RfmOf(boundaries, Buyer(41, 0, 0)), (Rfm{1, 1, 1}));
}

TEST(Rfm, BetterNeverScoresLess) {
  std::mt19937_64 random(3);
  std::vector<PurchaseHistory> buyers;
  for (int i = 0; i < 500; ++i) {
    buyers.push_back(Buyer(static_cast<int32_t>(random() % 300), 1 + static_cast<int64_t>(random() % 9),
                           static_cast<int64_t>(random() % 900)));
  }
  const RfmBoundaries boundaries = FitRfm(buyers);
  for (int i = 0; i < 499; ++i) {
    const Rfm l = RfmOf(boundaries, buyers[i]);
    const Rfm r = RfmOf(boundaries, buyers[i + 1]);
    EXPECT_EQ(
        l.recency == r.recency || (l.recency > r.recency) == (buyers[i].recency_days < buyers[i + 1].recency_days),
        true);
    EXPECT_EQ(l.frequency == r.frequency || (l.frequency > r.frequency) == (buyers[i].orders > buyers[i + 1].orders),
              true);
  }
}

TEST(Rfm, SegmentsCoverEveryCell) {
  std::map<RfmSegment, int> cells;
  for (int r = 1; r <= 5; ++r) {
    for (int f = 1; f <= 5; ++f) {
      for (int m = 1; m <= 5; ++m) ++cells[Rfm{r, f, m}.segment()];
    }
  }
  EXPECT_EQ(cells.size(), kRfmSegments);
  std::map<std::string, int> names;
  for (const auto& [segment, count] : cells) ++names[std::string(NameOf(segment))];
  EXPECT_EQ(names.size(), kRfmSegments);
}

TEST(Rfm, SegmentsAreTheUsualOnes) {
  const std::pair<Rfm, const char*> cases[] = {
      {{5, 5, 5}, "champions"},
      {{5, 4, 4}, "champions"},
      {{4, 5, 5}, "loyal"},
      {{3, 4, 4}, "loyal"},
      {{5, 2, 2}, "potential_loyalist"},
      {{4, 3, 3}, "potential_loyalist"},
      {{5, 1, 1}, "new_customer"},
      {{4, 1, 1}, "promising"},
      {{3, 3, 3}, "need_attention"},
      {{3, 1, 2}, "about_to_sleep"},
      {{2, 4, 3}, "at_risk"},
      {{1, 5, 5}, "cannot_lose"},
      {{2, 2, 2}, "hibernating"},
      {{1, 2, 2}, "hibernating"},
      {{1, 1, 1}, "lost"},
      {{5, 3, 4}, "champions"},  // 3.5 goes up
  };
  for (const auto& [rfm, name] : cases) EXPECT_EQ(NameOf(rfm.segment()), name) << rfm.cell();
}

TEST(Rfm, WithoutBuyersThereAreNoBoundaries) { EXPECT_EQ(FitRfm({}), RfmBoundaries{}); }

}  // namespace
}  // namespace waymark::segmentation
