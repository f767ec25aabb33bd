#include "segmentation/purchase_history.h"

#include <gtest/gtest.h>

#include <cmath>

namespace waymark::segmentation {
namespace {

constexpr NameId kPurchase{1};

absl::Time At(double days) { return absl::UnixEpoch() + absl::Hours(24) * 20'000 + absl::Hours(24) * days; }

struct Order {
  double day;
  int64_t value;  // whole units
};

Series SeriesOf(const std::vector<Order>& orders) {
  Ledger ledger;
  for (const Order& order : orders) ledger.Add(kPurchase, At(order.day), order.value * 1'000'000);
  return *ledger.Find(kPurchase);
}

TEST(PurchaseHistory, OrdersOfOneDayAreOnePurchase) {
  const Series series = SeriesOf({{0.1, 10}, {0.9, 20}, {7.5, 40}, {7.6, 2}, {30, 60}});
  const auto history = PurchaseHistoryOf(series, At(37.2));
  ASSERT_TRUE(history.has_value());
  EXPECT_EQ(history->orders, 5);
  EXPECT_EQ(history->revenue_micros, 132'000'000);
  EXPECT_EQ(history->recency_days, 7);
  EXPECT_EQ(history->repeat_purchases, 2);
  EXPECT_EQ(history->last_purchase_weeks(), 30 / 7.0);
  EXPECT_EQ(history->age_weeks(), 37 / 7.0);
  // The first day's 30 are not in it.
  EXPECT_EQ(history->mean_repeat_value, 51);
}

TEST(PurchaseHistory, AgeIsInDaysWhateverTheHour) {
  const Series series = SeriesOf({{0.99, 10}});
  for (double now : {1.0, 1.5, 1.999}) EXPECT_EQ(PurchaseHistoryOf(series, At(now))->age_days, 1) << now;
}

TEST(PurchaseHistory, OneOrderIsNoRepeat) {
  const auto history = PurchaseHistoryOf(SeriesOf({{3, 10}}), At(3));
  ASSERT_TRUE(history.has_value());
  EXPECT_EQ(*history, (PurchaseHistory{.orders = 1, .revenue_micros = 10'000'000}));
}

TEST(PurchaseHistory, DaysThatAreNotKeptCountAsAPurchaseAnOrder) {
  // The first three are older than 402 days before the newest.
  const Series series = SeriesOf({{0, 10}, {10, 10}, {10, 10}, {500, 30}, {700, 50}});
  const auto history = PurchaseHistoryOf(series, At(700));
  ASSERT_TRUE(history.has_value());
  EXPECT_EQ(history->repeat_purchases, 4);
  EXPECT_EQ(history->last_purchase_day, 700);
  // The first purchase's own value is not known: the mean of all five.
  EXPECT_EQ(history->mean_repeat_value, 22);
}

TEST(PurchaseHistory, NoMorePurchasesThanThereWereDays) {
  std::vector<Order> orders(50, Order{0, 1});
  orders.push_back({2, 1});
  Series series = SeriesOf(orders);
  series.days.clear();  // as compacting does
  EXPECT_EQ(PurchaseHistoryOf(series, At(5))->repeat_purchases, 2);
}

TEST(PurchaseHistory, WhatIsYetToComeIsNotLookedAt) {
  const Series series = SeriesOf({{0, 10}, {5, 20}, {9, 40}});
  EXPECT_FALSE(PurchaseHistoryOf(series, At(-1)).has_value());
  const auto history = PurchaseHistoryOf(series, At(6));
  ASSERT_TRUE(history.has_value());
  EXPECT_EQ(*history, (PurchaseHistory{.orders = 2,
                                       .revenue_micros = 30'000'000,
                                       .recency_days = 1,
                                       .repeat_purchases = 1,
                                       .last_purchase_day = 5,
                                       .age_days = 6,
                                       .mean_repeat_value = 20}));
}

}  // namespace
}  // namespace waymark::segmentation
