#include "service/store/budget_account.h"

#include <gtest/gtest.h>

namespace waymark::store {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

TEST(BudgetAccount, WhatAGoneHolderHadIsTaken) {
  BudgetAccount account;
  ASSERT_TRUE(LeaseFrom(account, {.holder = "a", .number = 1, .amount = 100, .wanted = 10}, kNow).ok());
  EXPECT_EQ(UseOf(account, kNow + kHolderPresence).leased, 10);
  EXPECT_EQ(UseOf(account, kNow + kHolderPresence + absl::Seconds(1)).taken, 10);
  const absl::Time later = kNow + kHolderSilence + absl::Seconds(1);
  const auto lease = LeaseFrom(account, {.holder = "b", .number = 1, .amount = 100}, later);
  EXPECT_EQ(lease->left, 90) << "nothing that may have been delivered comes back";
  EXPECT_EQ(account.holders.count("a"), 0u);
  EXPECT_EQ(account.taken, 10);
}

TEST(BudgetAccount, AHolderThatSpeaksIsNotGoneHoweverLongItWasSilent) {
  BudgetAccount account;
  ASSERT_TRUE(LeaseFrom(account, {.holder = "a", .number = 1, .amount = 100, .wanted = 10}, kNow).ok());
  const auto lease =
      LeaseFrom(account, {.holder = "a", .number = 2, .amount = 100, .granted = 10}, kNow + kHolderSilence * 2);
  EXPECT_EQ(lease->left, 90);
  EXPECT_EQ(account.taken, 0);
}

TEST(BudgetAccount, AHoldEndsAtOneOfFewMoments) {
  for (const absl::Duration hold : {absl::Minutes(1), absl::Hours(1), absl::Hours(24 * 30)}) {
    const absl::Time end = EndOfHold(kNow, hold);
    EXPECT_GE(end, kNow + hold);
    EXPECT_LE(end, kNow + hold + std::max(hold / 64, absl::Seconds(1)));
    EXPECT_EQ(EndOfHold(end - hold, hold), end);
  }
}

TEST(BudgetAccount, IsReadAsItWasWritten) {
  BudgetAccount account{.taken = 7};
  account.holders["a"] = {.number = 3, .granted = 5, .delivered = 2, .answer = 1, .heard = kNow};
  account.held[kNow] = 4;
  const std::string bytes = EncodeBudgetAccount(account);
  const auto read = DecodeBudgetAccount(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(EncodeBudgetAccount(*read), bytes);
  EXPECT_EQ(read->holders.at("a").heard, kNow);
  EXPECT_EQ(DecodeBudgetAccount(bytes.substr(1)).status().code(), absl::StatusCode::kDataLoss);

  const DecisionHolds holds{.by_budget = {{"stock", {.period = 86400, .until = kNow, .confirmed = 2}}},
                            .kept_until = kNow + absl::Hours(1)};
  const auto other = DecodeDecisionHolds(EncodeDecisionHolds(holds));
  ASSERT_TRUE(other.ok()) << other.status();
  ASSERT_EQ(other->by_budget.count("stock"), 1u);
  EXPECT_EQ(other->by_budget.at("stock").period, 86400);
  EXPECT_EQ(other->by_budget.at("stock").until, kNow);
  EXPECT_EQ(other->by_budget.at("stock").confirmed, 2);
  EXPECT_EQ(other->kept_until, holds.kept_until);
  EXPECT_EQ(DecodeDecisionHolds("").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace waymark::store
