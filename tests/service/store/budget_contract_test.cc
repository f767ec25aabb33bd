// What every BudgetStore promises. Each implementation runs all of it.

#include <atomic>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/store/budget_store.h"
#include "tests/service/store/budget_subjects.h"
#include "tests/support/outcome.h"
#include "tests/support/store_calls.h"

namespace waymark::store {
namespace {

using testing_support::BudgetSubject;
using testing_support::Outcome;
using testing_support::Soon;

const BudgetKey kKey{"shop", "stock", 0};
constexpr absl::Duration kShortest = absl::Milliseconds(1);  // a second at most

class BudgetContract : public testing::TestWithParam<testing_support::BudgetImplementation> {
 protected:
  void SetUp() override {
    subject_ = GetParam().make();
    ASSERT_NE(subject_, nullptr);
  }

  template <typename T, typename Call>
  absl::StatusOr<T> Now(Call call) {
    const Outcome<absl::StatusOr<T>> outcome;
    Outcome<absl::StatusOr<T>> copy = outcome;
    call(copy.Callback());
    return outcome.Wait().value_or(absl::InternalError("never answered"));
  }

  absl::StatusOr<Lease> Take(const LeaseRequest& request, const BudgetKey& key = kKey, absl::Time deadline = Soon()) {
    return Now<Lease>([&](auto done) { subject_->budgets().Lease(key, request, deadline, std::move(done)); });
  }
  absl::StatusOr<bool> Hold(std::string decision, absl::Duration hold = absl::Hours(1), bool shown = false,
                            const BudgetKey& key = kKey) {
    return Now<bool>([&](auto done) {
      subject_->budgets().Hold({key, "a", std::move(decision), hold, shown}, Soon(), std::move(done));
    });
  }
  absl::StatusOr<bool> Change(HoldChange change, absl::string_view decision, absl::string_view tenant) {
    return Now<bool>(
        [&](auto done) { subject_->budgets().ChangeHolds(tenant, decision, change, Soon(), std::move(done)); });
  }
  absl::StatusOr<bool> Confirm(absl::string_view decision, absl::string_view tenant = "shop") {
    return Change(HoldChange::kConfirm, decision, tenant);
  }
  absl::StatusOr<bool> Release(absl::string_view decision) { return Change(HoldChange::kRelease, decision, "shop"); }
  absl::StatusOr<bool> Withdraw(absl::string_view decision) { return Change(HoldChange::kWithdraw, decision, "shop"); }
  // taken, leased, held.
  std::vector<int64_t> Use(const BudgetKey& key = kKey) {
    const auto use = Now<BudgetUse>([&](auto done) { subject_->budgets().Read(key, Soon(), std::move(done)); });
    EXPECT_TRUE(use.ok()) << use.status();
    if (!use.ok()) return {};
    return {use->taken, use->leased, use->held};
  }

  std::unique_ptr<BudgetSubject> subject_;
};

using Units = std::vector<int64_t>;

TEST_P(BudgetContract, BeginsWithNothingGiven) { EXPECT_EQ(Use(), Units({0, 0, 0})); }

TEST_P(BudgetContract, GrantsAFourthOfWhatIsLeftAndTheLastOneByOne) {
  LeaseRequest request{.holder = "a", .amount = 20, .wanted = 100};
  Units grants;
  while (true) {
    ++request.number;
    const auto lease = Take(request);
    ASSERT_TRUE(lease.ok()) << lease.status();
    if (lease->granted == 0) break;
    request.granted += lease->granted;
    grants.push_back(lease->granted);
    EXPECT_EQ(lease->left, 20 - request.granted);
  }
  EXPECT_EQ(grants, Units({5, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(Use(), Units({0, 20, 0}));
}

TEST_P(BudgetContract, GrantsNoMoreThanIsWanted) {
  EXPECT_EQ(Take({.holder = "a", .number = 1, .amount = 100, .wanted = 3})->granted, 3);
  EXPECT_EQ(Take({.holder = "b", .number = 1, .amount = 100, .wanted = 0})->left, 97);
  EXPECT_EQ(Take({.holder = "b", .number = 2, .amount = 0, .wanted = 5})->left, -3) << "the amount was lowered";
  EXPECT_EQ(Take({.holder = "b", .number = 3, .amount = 0, .wanted = 5})->granted, 0);
}

TEST_P(BudgetContract, ARepeatedRequestIsAnsweredAsTheFirstTime) {
  const LeaseRequest request{.holder = "a", .number = 7, .amount = 100, .wanted = 10};
  EXPECT_EQ(Take(request)->granted, 10);
  const auto again = Take(request);
  EXPECT_EQ(again->granted, 10);
  EXPECT_EQ(again->left, 90);
  EXPECT_EQ(Use(), Units({0, 10, 0}));
}

TEST_P(BudgetContract, ARequestThatComesAfterALaterOneIsRefused) {
  EXPECT_EQ(Take({.holder = "a", .number = 2, .amount = 100, .wanted = 10})->granted, 10);
  EXPECT_EQ(Take({.holder = "a", .number = 1, .amount = 100, .wanted = 10}).status().code(),
            absl::StatusCode::kAborted);
  EXPECT_EQ(Use(), Units({0, 10, 0}));
}

TEST_P(BudgetContract, WhatAHolderSaysOfItselfIsTheTruth) {
  // The answer to its first request was lost, so it has nothing of that.
  EXPECT_EQ(Take({.holder = "a", .number = 1, .amount = 100, .wanted = 10})->granted, 10);
  EXPECT_EQ(Take({.holder = "a", .number = 2, .amount = 100, .granted = 0, .wanted = 4})->left, 96);
  // It gives back three of the four, having delivered one.
  EXPECT_EQ(Take({.holder = "a", .number = 3, .amount = 100, .granted = 1, .delivered = 1})->left, 99);
  EXPECT_EQ(Use(), Units({1, 0, 0}));
  // The store forgot what it granted: it is told.
  EXPECT_EQ(Take({.holder = "new", .number = 9, .amount = 100, .granted = 50, .delivered = 20})->left, 49);
  EXPECT_EQ(Use(), Units({21, 30, 0}));
}

TEST_P(BudgetContract, WhatIsHeldComesFromTheLeaseAndIsTakenWhenItIsShown) {
  ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 10, .wanted = 2})->granted, 2);
  EXPECT_EQ(*Hold("d1"), true);
  EXPECT_EQ(Use(), Units({0, 1, 1}));
  EXPECT_EQ(*Hold("d1"), false) << "one a decision";
  EXPECT_EQ(*Confirm("d1"), true);
  EXPECT_EQ(Use(), Units({1, 1, 0}));
  EXPECT_EQ(*Confirm("d1"), true) << "an impression may be told twice";
  EXPECT_EQ(*Hold("d1"), false);
  EXPECT_EQ(*Release("d1"), false) << "what was shown does not go back";
  EXPECT_EQ(Use(), Units({1, 1, 0}));
  EXPECT_EQ(*Confirm("d2"), false) << "never held";
  EXPECT_EQ(Take({.holder = "b", .number = 1, .amount = 10})->left, 8);
}

TEST_P(BudgetContract, WhatIsReleasedGoesBackAndIsNotShownAnyMore) {
  ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 10, .wanted = 1})->granted, 1);
  ASSERT_EQ(*Hold("d1"), true);
  EXPECT_EQ(Take({.holder = "b", .number = 1, .amount = 10})->left, 9);
  EXPECT_EQ(*Release("d1"), true);
  EXPECT_EQ(*Release("d1"), false);
  EXPECT_EQ(*Confirm("d1"), false);
  EXPECT_EQ(Take({.holder = "b", .number = 2, .amount = 10})->left, 10);
  EXPECT_EQ(Use(), Units({0, 0, 0}));
}

TEST_P(BudgetContract, WhatIsShownAtOnceIsTakenOnce) {
  ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 10, .wanted = 2})->granted, 2);
  EXPECT_EQ(*Hold("d1", absl::Hours(1), /*shown=*/true), true);
  EXPECT_EQ(*Hold("d1", absl::Hours(1), /*shown=*/true), false);
  EXPECT_EQ(Use(), Units({1, 1, 0}));
  EXPECT_EQ(*Release("d1"), false);
}

TEST_P(BudgetContract, AHoldEndsByItself) {
  ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 10, .wanted = 2})->granted, 2);
  ASSERT_EQ(*Hold("short", kShortest), true);
  ASSERT_EQ(*Hold("long"), true);
  subject_->PassASecond();
  EXPECT_EQ(Use(), Units({0, 0, 1}));
  EXPECT_EQ(*Confirm("short"), false);
  EXPECT_EQ(*Release("short"), false);
  EXPECT_EQ(Take({.holder = "b", .number = 1, .amount = 10})->left, 9);
  EXPECT_EQ(*Confirm("long"), true);
}

TEST_P(BudgetContract, WhatIsWithdrawnIsHeldAgainAfterAsManyAsConfirmedIt) {
  ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 10, .wanted = 2})->granted, 2);
  ASSERT_EQ(*Hold("d1"), true);
  EXPECT_EQ(*Withdraw("d1"), false) << "nobody confirmed it";
  ASSERT_EQ(*Confirm("d1"), true);
  ASSERT_EQ(*Confirm("d1"), true);
  EXPECT_EQ(*Withdraw("d1"), true);
  EXPECT_EQ(Use(), Units({1, 1, 0})) << "another one shows it";
  EXPECT_EQ(*Withdraw("d1"), true);
  EXPECT_EQ(*Withdraw("d1"), false);
  EXPECT_EQ(Use(), Units({0, 1, 1}));
  EXPECT_EQ(*Hold("d1"), false) << "it is held";
  EXPECT_EQ(*Confirm("d1"), true);
  EXPECT_EQ(Use(), Units({1, 1, 0}));
  EXPECT_EQ(*Withdraw("d1"), true);
  EXPECT_EQ(*Release("d1"), true);
  EXPECT_EQ(Use(), Units({0, 1, 0}));
}

TEST_P(BudgetContract, WhatIsWithdrawnTooLateGoesBack) {
  ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 10, .wanted = 1})->granted, 1);
  ASSERT_EQ(*Hold("d1", kShortest), true);
  ASSERT_EQ(*Confirm("d1"), true);
  subject_->PassASecond();
  EXPECT_EQ(*Confirm("d1"), true) << "it was shown";
  EXPECT_EQ(*Withdraw("d1"), true);
  EXPECT_EQ(*Withdraw("d1"), true);
  EXPECT_EQ(Use(), Units({0, 0, 0}));
  EXPECT_EQ(*Confirm("d1"), false);
  EXPECT_EQ(Take({.holder = "b", .number = 1, .amount = 10})->left, 10);
}

// Whoever ends a hold does not know any more what it is of.
TEST_P(BudgetContract, ADecisionHoldsOfSeveralBudgetsWhichEndTogether) {
  const BudgetKey money{"shop", "money", 86400};
  for (const BudgetKey& key : {kKey, money})
    ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 10, .wanted = 2}, key)->granted, 2);
  for (const char* decision : {"d1", "d2"}) {
    EXPECT_EQ(*Hold(decision), true);
    EXPECT_EQ(*Hold(decision, absl::Hours(1), false, money), true);
    EXPECT_EQ(*Hold(decision, absl::Hours(1), false, money), false);
  }
  EXPECT_EQ(*Confirm("d1", "pub"), false) << "of another tenant";
  EXPECT_EQ(*Confirm("d1"), true);
  EXPECT_EQ(*Release("d2"), true);
  for (const BudgetKey& key : {kKey, money}) EXPECT_EQ(Use(key), Units({1, 0, 0}));
}

TEST_P(BudgetContract, WhatIsNotHeldAnyMoreIsToldAndTheRestIsChanged) {
  const BudgetKey money{"shop", "money", 0};
  for (const BudgetKey& key : {kKey, money})
    ASSERT_EQ(Take({.holder = "a", .number = 1, .amount = 10, .wanted = 2}, key)->granted, 2);
  ASSERT_EQ(*Hold("d1", kShortest), true);
  ASSERT_EQ(*Hold("d1", absl::Hours(1), false, money), true);
  subject_->PassASecond();
  EXPECT_EQ(*Confirm("d1"), false);
  EXPECT_EQ(Use(), Units({0, 1, 0}));
  EXPECT_EQ(Use(money), Units({1, 1, 0}));
  EXPECT_EQ(*Hold("d1"), true) << "decided again";
  EXPECT_EQ(*Confirm("d1"), true);
  EXPECT_EQ(Use(), Units({1, 0, 0}));
}

TEST_P(BudgetContract, AccountsAndTenantsAreApart) {
  const LeaseRequest request{.holder = "a", .number = 1, .amount = 100, .wanted = 5};
  const BudgetKey others[] = {{"shop", "stock", 86400}, {"shop", "money", 0}, {"pub", "stock", 0}};
  for (const BudgetKey& key : others) EXPECT_EQ(Take(request, key)->granted, 5);
  EXPECT_EQ(Use(), Units({0, 0, 0}));
  ASSERT_EQ(*Hold("d1", absl::Hours(1), false, others[0]), true);
  for (const BudgetKey& key : others) EXPECT_EQ(Use(key), Units({0, key == others[0] ? 4 : 5, key == others[0]}));
  EXPECT_EQ(*Confirm("d1"), true) << "a hold knows of which period it is";
  EXPECT_EQ(Use(others[0]), Units({1, 4, 0}));
  EXPECT_EQ(Use(), Units({0, 0, 0}));
}

TEST_P(BudgetContract, RefusesWhatIsMalformed) {
  const auto code = [](const auto& answer) { return answer.status().code(); };
  const auto bad = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(code(Take({.holder = "", .number = 1})), bad);
  EXPECT_EQ(code(Take({.holder = "a", .number = 0})), bad);
  EXPECT_EQ(code(Take({.holder = "a", .number = 1, .amount = -1})), bad);
  EXPECT_EQ(code(Take({.holder = "a", .number = 1, .granted = 1, .delivered = 2})), bad);
  EXPECT_EQ(code(Take({.holder = "a", .number = 1}, {"", "stock", 0})), bad);
  EXPECT_EQ(code(Take({.holder = "a", .number = 1}, {"shop", "st/ock", 0})), bad);
  EXPECT_EQ(code(Hold("")), bad);
  EXPECT_EQ(code(Hold("D1")), bad);
  EXPECT_EQ(code(Confirm("a/b")), bad);
  EXPECT_EQ(code(Confirm("d1", "")), bad);
  EXPECT_EQ(code(Take({.holder = "a", .number = 1}, kKey, absl::Now() - absl::Seconds(1))),
            absl::StatusCode::kDeadlineExceeded);
}

// Holders take and give back, hold, confirm and release at random and at once: nothing is ever given twice, and what is
// left in the end is what nobody has.
TEST_P(BudgetContract, ManyHoldersAtOnceNeverHaveMoreThanThereIs) {
  constexpr int64_t kAmount = 500;
  constexpr int kHolders = 4;
  std::atomic<int64_t> have{0};
  std::atomic<int64_t> most{0};
  const auto live = [&](int holder) {
    std::mt19937 random(static_cast<uint32_t>(holder));
    LeaseRequest request{.holder = absl::StrCat("h", holder), .amount = kAmount};
    for (int i = 0; i < 150; ++i) {
      ++request.number;
      request.wanted = random() % 20;
      const int64_t idle = request.granted - request.delivered;
      const int64_t back = idle == 0 ? 0 : static_cast<int64_t>(random()) % (idle + 1);
      have -= back;
      request.granted -= back;
      const auto lease = Take(request);
      ASSERT_TRUE(lease.ok()) << lease.status();
      const int64_t now = have += lease->granted;
      int64_t before = most;
      while (before < now && !most.compare_exchange_weak(before, now)) continue;
      request.granted += lease->granted;
      request.delivered += std::min<int64_t>(request.granted - request.delivered, random() % 3);
    }
  };
  std::vector<std::thread> threads;
  for (int holder = 0; holder < kHolders; ++holder) threads.emplace_back(live, holder);
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, kAmount);
  const Units use = Use();
  EXPECT_EQ(use[0] + use[1], have);
}

INSTANTIATE_TEST_SUITE_P(Stores, BudgetContract, testing::ValuesIn(testing_support::BudgetImplementations()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace waymark::store
