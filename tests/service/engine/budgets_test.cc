#include "service/engine/budgets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "tests/support/world.h"

namespace waymark::engine {
namespace {

using decision::Reason;
using testing_support::Outage;
using testing_support::World;

constexpr absl::string_view kPlaybook = R"yaml(
channels: [{name: web}, {name: email}]
budgets: [{name: vouchers, amount: AMOUNT, hold: 1h}]
actions:
  - {name: voucher, kind: OFFER, placements: [hero, side, letter], value: {micros: 9000000}, budgets: [vouchers]}
  - {name: bag, kind: OFFER, placements: [side], value: {micros: 8000000}, budgets: [vouchers]}
  - {name: greeting, kind: CONTENT, placements: [hero]}
placements:
  - {name: hero, touchpoint: web/home, fallback: greeting}
  - {name: side, touchpoint: web/side}
  - {name: letter, touchpoint: email/letter, exposure: ON_IMPRESSION}
)yaml";

std::string PlaybookWith(int amount) { return absl::StrReplaceAll(kPlaybook, {{"AMOUNT", absl::StrCat(amount)}}); }

class BudgetsTest : public ::testing::Test {
 protected:
  DecideRequest Ask(std::string customer, std::string id = "", std::string placement = "hero") {
    return {.tenant = "shop",
            .customer = std::move(customer),
            .placements = {std::move(placement)},
            .decision_id = std::move(id),
            .explain = true};
  }

  static bool IsGiven(const absl::StatusOr<DecideAnswer>& answer, absl::string_view action = "voucher") {
    EXPECT_TRUE(answer.ok()) << answer.status();
    if (!answer.ok()) return false;
    for (const auto& placement : answer->decision.placements) {
      for (const auto& chosen : placement.chosen) {
        if (answer->playbook->actions[chosen.action].name == action) return true;
      }
    }
    return false;
  }

  static Reason ReasonOf(const absl::StatusOr<DecideAnswer>& answer) {
    for (const auto& candidate : answer->decision.placements[0].candidates) {
      if (answer->playbook->actions[candidate.action].name == "voucher") return candidate.reason;
    }
    return Reason::kKind;
  }

  bool Gets(std::string customer, std::string id = "", std::string placement = "hero") {
    return IsGiven(world_.Decide(Ask(std::move(customer), std::move(id), std::move(placement))));
  }

  // taken, leased, held.
  std::vector<int64_t> Use() {
    const auto list = Await<ListBudgetsAnswer>([this](Engine::Done<ListBudgetsAnswer> done) {
      world_.engine.ListBudgets("shop", World::Deadline(), std::move(done));
    });
    EXPECT_TRUE(list.ok()) << list.status();
    const store::BudgetUse use = list->budgets[0].use;
    return {use.taken, use.leased, use.held};
  }

  absl::StatusOr<Receipt> Happens(std::string customer, std::string id, std::string type, std::string token) {
    const auto answer = world_.Record(
        {.tenant = "shop",
         .items = {{std::move(customer),
                    {.id = std::move(id), .type = std::move(type), .decision_token = std::move(token)}}}});
    if (!answer.ok()) return answer.status();
    if (!answer->items[0].status.ok()) return answer->items[0].status;
    return answer->items[0].receipt;
  }

  World world_{PlaybookWith(5)};
};

TEST_F(BudgetsTest, GivesExactlyAsManyAsThereAre) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Gets(absl::StrCat("c", i))) << i;
  const auto answer = world_.Decide(Ask("late"));
  EXPECT_FALSE(IsGiven(answer));
  EXPECT_TRUE(IsGiven(answer, "greeting"));
  EXPECT_EQ(ReasonOf(answer), Reason::kBudget);
  EXPECT_FALSE(Gets("", "")) << "nor an anonymous visitor";
}

TEST_F(BudgetsTest, AnotherTryOfADecisionTakesNothingMore) {
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(Gets("anna", "same")) << i;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(Gets(absl::StrCat("c", i), "same")) << "another customer's decision";
  EXPECT_FALSE(Gets("ben", "same"));
  EXPECT_TRUE(Gets("anna", "same"));
}

TEST_F(BudgetsTest, NorDoesOneOfAVisitorWithoutAProfile) {
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(Gets("", "same")) << i;
  world_.budgets.Drain(World::Deadline());
  EXPECT_EQ(Use(), std::vector<int64_t>({1, 0, 0}));
}

TEST_F(BudgetsTest, OneCallTakesSeveralAndNoMoreThanThereAre) {
  const auto given = [this](std::string customer) {
    DecideRequest request = Ask(std::move(customer));
    request.placements = {"hero", "side"};
    const auto answer = world_.Decide(request);
    return (IsGiven(answer, "voucher") ? 1 : 0) + (IsGiven(answer, "bag") ? 1 : 0);
  };
  EXPECT_EQ(given("a"), 2);
  EXPECT_EQ(given("b"), 2);
  EXPECT_EQ(given("c"), 1) << "one is left";
  EXPECT_EQ(given("d"), 0);
}

TEST_F(BudgetsTest, RefusesWhatIsNotKnown) {
  world_.budget_store.FailWith(absl::UnavailableError("away"));
  const auto answer = world_.Decide(Ask("anna"));
  EXPECT_FALSE(IsGiven(answer));
  EXPECT_EQ(ReasonOf(answer), Reason::kBudgetUnknown);
  EXPECT_EQ(answer->knowledge, Knowledge::kUnknownCustomer) << "the profile was read";
  world_.budget_store.FailWith(absl::OkStatus());
  world_.clock.Advance(absl::Seconds(1));
  EXPECT_TRUE(Gets("anna"));
}

TEST_F(BudgetsTest, GivesNothingWhenTheProfilesAreAway) {
  world_.profiles.FailWith(absl::UnavailableError("away"));
  const auto answer = world_.Decide(Ask("anna"));
  EXPECT_FALSE(IsGiven(answer));
  EXPECT_EQ(ReasonOf(answer), Reason::kBudgetUnknown);
  world_.profiles.FailWith(absl::OkStatus());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Gets(absl::StrCat("c", i))) << "nothing was lost";
}

TEST_F(BudgetsTest, AWriteThatWasRefusedCostsNothingAndOneThatMayStandAUnit) {
  const auto refuse = [this](absl::Status status) {
    world_.profiles.FailWith(status);
    EXPECT_FALSE(Gets("anna", "d"));
    world_.profiles.FailWith(absl::OkStatus());
  };
  refuse(absl::ResourceExhaustedError("full"));
  // The write is done and its answer lost: another try of the same decision has its unit.
  world_.profiles.SetOutage(std::make_shared<Outage>(0, /*answer_lost=*/true));
  EXPECT_FALSE(Gets("anna", "e"));
  world_.profiles.SetOutage(nullptr);
  EXPECT_TRUE(Gets("anna", "e"));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(Gets(absl::StrCat("c", i)));
  EXPECT_FALSE(Gets("ben"));
}

TEST_F(BudgetsTest, WhatIsDecidedForLaterIsHeldUntilItIsShown) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 5; ++i) {
    const auto answer = world_.Decide(Ask(absl::StrCat("c", i), absl::StrCat("d", i), "letter"));
    ASSERT_TRUE(IsGiven(answer));
    tokens.push_back(answer->tokens[0][0]);
  }
  EXPECT_FALSE(Gets("late", "", "letter"));
  EXPECT_EQ(Use(), std::vector<int64_t>({0, 0, 5}));
  EXPECT_EQ(Happens("c0", "i0", "impression", tokens[0])->disallowed, Reason::kChosen);
  const auto again = Happens("c0", "i0", "impression", tokens[0]);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->disallowed, Reason::kChosen);
  ASSERT_TRUE(Happens("c1", "i1", "dismiss", tokens[1]).ok());
  EXPECT_EQ(Use(), std::vector<int64_t>({1, 0, 3}));
  EXPECT_EQ(Happens("c1", "i2", "impression", tokens[1])->disallowed, Reason::kBudget) << "given back before";
  world_.clock.Advance(absl::Hours(2));
  EXPECT_EQ(Use(), std::vector<int64_t>({1, 0, 0}));
  EXPECT_EQ(Happens("c2", "i3", "impression", tokens[2])->disallowed, Reason::kBudget) << "shown too late";
  int given = 0;
  for (int i = 0; i < 8; ++i) given += Gets(absl::StrCat("x", i), "", "letter") ? 1 : 0;
  EXPECT_EQ(given, 4);
}

// Mails are forwarded: who has a token is not who was decided about.
TEST_F(BudgetsTest, NobodyElseGivesBackWhatIsHeld) {
  const auto answer = world_.Decide(Ask("anna", "", "letter"));
  const std::string token = answer->tokens[0][0];
  ASSERT_TRUE(Happens("bob", "i1", "dismiss", token).ok());
  EXPECT_EQ(Happens("anna", "i2", "impression", token)->disallowed, Reason::kChosen);
}

// The mail is opened again after what it holds would have gone back.
TEST_F(BudgetsTest, WhatWasShownOnceMayBeShownAgain) {
  const auto answer = world_.Decide(Ask("anna", "", "letter"));
  const std::string token = answer->tokens[0][0];
  EXPECT_EQ(Happens("anna", "i1", "impression", token)->disallowed, Reason::kChosen);
  world_.clock.Advance(absl::Hours(24 * 3));
  EXPECT_EQ(Happens("anna", "i2", "impression", token)->disallowed, Reason::kChosen);
}

TEST_F(BudgetsTest, WhatIsHeldIsHeldOnceHoweverOftenItIsDecided) {
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(Gets("anna", "same", "letter"));
  world_.budgets.Drain(World::Deadline());
  EXPECT_EQ(Use(), std::vector<int64_t>({0, 0, 1}));
}

TEST_F(BudgetsTest, AnImpressionWaitsForTheStore) {
  const auto answer = world_.Decide(Ask("anna", "", "letter"));
  world_.budget_store.FailWith(absl::UnavailableError("away"));
  const std::string token = answer->tokens[0][0];
  EXPECT_EQ(Happens("anna", "i1", "impression", token).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(world_.GetProfile("anna").status().code(), absl::StatusCode::kNotFound) << "and nothing was recorded";
  world_.budget_store.FailWith(absl::OkStatus());
  EXPECT_EQ(Happens("anna", "i1", "impression", token)->disallowed, Reason::kChosen);
  EXPECT_EQ(Use()[0], 1);
}

TEST_F(BudgetsTest, AnImpressionWithinADecisionCounts) {
  const auto answer = world_.Decide(Ask("anna", "", "letter"));
  world_.clock.Advance(absl::Hours(2));
  DecideRequest request = Ask("anna");
  request.events = {{.id = "i1", .type = "impression", .decision_token = answer->tokens[0][0]}};
  const auto next = world_.Decide(request);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->receipts[0].disallowed, Reason::kBudget);
}

TEST_F(BudgetsTest, AnImpressionThatWantsToBeAllowedIsWithheld) {
  const auto answer = world_.Decide(Ask("anna", "", "letter"));
  world_.clock.Advance(absl::Hours(2));
  const auto recorded = world_.Record(
      {.tenant = "shop",
       .items = {
           {"anna",
            {.id = "i1", .type = "impression", .decision_token = answer->tokens[0][0], .only_if_allowed = true}}}});
  EXPECT_TRUE(recorded->items[0].receipt.withheld);
  EXPECT_EQ(recorded->items[0].receipt.disallowed, Reason::kBudget);
  EXPECT_EQ(world_.GetProfile("anna").status().code(), absl::StatusCode::kNotFound);
}

constexpr absl::string_view kOneLetterADay = R"yaml(
time_zone: UTC
channels: [{name: web}, {name: email, limits: [{per: CUSTOMER, max: 1, period: DAY}]}]
budgets: [{name: vouchers, amount: 5, hold: 60h}]
actions:
  - {name: voucher, kind: OFFER, placements: [letter], value: {micros: 9000000}, budgets: [vouchers]}
  - {name: news, kind: CONTENT, placements: [note]}
placements:
  - {name: letter, touchpoint: email/letter, exposure: ON_IMPRESSION}
  - {name: note, touchpoint: email/note, exposure: ON_IMPRESSION}
)yaml";

// An impression that the contact policy withholds takes no unit, in a call of its own as in one of a decision.
TEST_F(BudgetsTest, WhatThePolicyWithholdsTakesNothing) {
  World world(kOneLetterADay);
  const auto token = [&](const char* placement) { return world.Decide(Ask("anna", "", placement))->tokens[0][0]; };
  const SentEvent voucher{.id = "v", .type = "impression", .decision_token = token("letter"), .only_if_allowed = true};
  const auto use = [&] {
    const auto list = Await<ListBudgetsAnswer>([&](Engine::Done<ListBudgetsAnswer> done) {
      world.engine.ListBudgets("shop", World::Deadline(), std::move(done));
    });
    return std::vector<int64_t>({list->budgets[0].use.taken, list->budgets[0].use.held});
  };
  const SentEvent news{.id = "n", .type = "impression", .decision_token = token("note")};
  // What is before it in the call counts.
  const auto recorded = world.Record({.tenant = "shop", .items = {{"anna", news}, {"anna", voucher}}});
  EXPECT_EQ(recorded->items[0].receipt.disallowed, Reason::kChosen);
  EXPECT_TRUE(recorded->items[1].receipt.withheld);
  EXPECT_EQ(recorded->items[1].receipt.disallowed, Reason::kLimit);
  EXPECT_EQ(recorded->items[1].receipt.disallowed_detail, "the channel: 1 a day");
  EXPECT_EQ(use(), std::vector<int64_t>({0, 1}));
  DecideRequest request = Ask("anna", "", "note");
  request.events = {voucher};
  EXPECT_TRUE(world.Decide(request)->receipts[0].withheld);
  EXPECT_EQ(use(), std::vector<int64_t>({0, 1}));
  world.clock.Advance(absl::Hours(24));
  EXPECT_FALSE(world.Decide(request)->receipts[0].withheld) << "another day";
  EXPECT_EQ(use(), std::vector<int64_t>({1, 0}));
  EXPECT_TRUE(world.Decide(request)->receipts[0].duplicate);
  EXPECT_EQ(use(), std::vector<int64_t>({1, 0}));
}

// Another impression comes between the look and the write.
TEST_F(BudgetsTest, WhatThePolicyWithholdsInTheEndIsGivenBack) {
  for (const bool in_a_decision : {false, true}) {
    World world(kOneLetterADay);
    const std::string token = world.Decide(Ask("anna", "", "letter"))->tokens[0][0];
    const absl::Time now = world.clock.Now();
    world.profiles.InterfereOnce([now](segmentation::Profile& profile) {
      profile.contacts.push_back({.action = segmentation::NameIdOf("news"),
                                  .channel = segmentation::NameIdOf("email"),
                                  .at = now,
                                  .decision = 1});
    });
    const SentEvent shown{.id = "v", .type = "impression", .decision_token = token, .only_if_allowed = true};
    Receipt receipt;
    if (in_a_decision) {
      DecideRequest request = Ask("anna", "", "note");
      request.events = {shown};
      receipt = world.Decide(request)->receipts[0];
    } else {
      receipt = world.Record({.tenant = "shop", .items = {{"anna", shown}}})->items[0].receipt;
    }
    EXPECT_TRUE(receipt.withheld);
    EXPECT_EQ(receipt.disallowed, Reason::kLimit);
    const auto list = Await<ListBudgetsAnswer>([&](Engine::Done<ListBudgetsAnswer> done) {
      world.engine.ListBudgets("shop", World::Deadline(), std::move(done));
    });
    EXPECT_EQ(list->budgets[0].use.taken, 0);
    EXPECT_EQ(list->budgets[0].use.held, 1);
  }
}

// 40 customers are each shown two vouchers at once, of which one is allowed a day: as many units are taken as were
// shown.
TEST_F(BudgetsTest, ManyAtOnceTakeWhatTheyShow) {
  World world(absl::StrReplaceAll(kOneLetterADay, {{"amount: 5", "amount: 1000"}}));
  struct Shown {
    std::string customer;
    std::string token;
  };
  std::vector<Shown> all;
  for (int i = 0; i < 40; ++i) {
    for (int j = 0; j < 4; ++j) {
      const std::string customer = absl::StrCat("c", i);
      all.push_back({customer, world.Decide(Ask(customer, absl::StrCat("d", j), "letter"))->tokens[0][0]});
    }
  }
  std::atomic<int> given{0};
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = t; i < all.size(); i += 4) {
        const SentEvent shown{
            .id = all[i].token, .type = "impression", .decision_token = all[i].token, .only_if_allowed = true};
        const auto answer = world.Record({.tenant = "shop", .items = {{all[i].customer, shown}}});
        ASSERT_TRUE(answer.ok() && answer->items[0].status.ok());
        given += answer->items[0].receipt.withheld ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  world.budgets.Drain(World::Deadline());
  const auto list = Await<ListBudgetsAnswer>([&](Engine::Done<ListBudgetsAnswer> done) {
    world.engine.ListBudgets("shop", World::Deadline(), std::move(done));
  });
  EXPECT_EQ(given, 40) << "one a customer";
  EXPECT_EQ(list->budgets[0].use.taken, given);
  EXPECT_EQ(list->budgets[0].use.held, static_cast<int64_t>(all.size()) - given);
}

// The world ends at each operation, and the caller sends again: what is shown is taken, and never more than there is.
TEST_F(BudgetsTest, AnImpressionThatIsSentAgainTakesItsUnitOnce) {
  for (const bool answer_lost : {false, true}) {
    for (int at = 0; at < 6; ++at) {
      World world(kOneLetterADay);
      const std::string token = world.Decide(Ask("anna", "", "letter"))->tokens[0][0];
      const SentEvent shown{.id = "v", .type = "impression", .decision_token = token, .only_if_allowed = true};
      const auto outage = std::make_shared<Outage>(at, answer_lost);
      world.budget_store.SetOutage(outage);
      world.profiles.SetOutage(outage);
      (void)world.Record({.tenant = "shop", .items = {{"anna", shown}}});
      world.budget_store.SetOutage(nullptr);
      world.profiles.SetOutage(nullptr);
      const auto again = world.Record({.tenant = "shop", .items = {{"anna", shown}}});
      ASSERT_TRUE(again->items[0].status.ok()) << again->items[0].status;
      EXPECT_FALSE(again->items[0].receipt.withheld);
      world.budgets.Drain(World::Deadline());
      const auto list = Await<ListBudgetsAnswer>([&](Engine::Done<ListBudgetsAnswer> done) {
        world.engine.ListBudgets("shop", World::Deadline(), std::move(done));
      });
      EXPECT_EQ(list->budgets[0].use.taken, 1) << at << answer_lost;
    }
  }
}

// Holds end as the playbook that made them had it.
TEST_F(BudgetsTest, AnotherPlaybookBetweenDecisionAndImpressionLosesNothing) {
  const auto token = [this](std::string customer) {
    return world_.Decide(Ask(std::move(customer), "", "letter"))->tokens[0][0];
  };
  const std::string shown = token("a");
  const std::string dismissed = token("b");
  const std::string without = absl::StrReplaceAll(
      kPlaybook, {{"AMOUNT", "5"}, {"value: {micros: 9000000}, budgets: [vouchers]", "value: {micros: 9000000}"}});
  ASSERT_TRUE(world_.Apply("shop", without).ok());
  const std::string free = token("c");
  EXPECT_EQ(Happens("a", "i1", "impression", shown)->disallowed, Reason::kChosen);
  ASSERT_TRUE(Happens("b", "i2", "dismiss", dismissed).ok());
  EXPECT_EQ(Use(), std::vector<int64_t>({1, 0, 0}));
  world_.clock.Advance(absl::Hours(24 * 3));
  EXPECT_EQ(Happens("a", "i3", "impression", shown)->disallowed, Reason::kChosen) << "shown before";
  ASSERT_TRUE(world_.Apply("shop", PlaybookWith(5)).ok());
  EXPECT_EQ(Happens("c", "i4", "impression", free)->disallowed, Reason::kChosen) << "it was never to be held";
  EXPECT_EQ(Use(), std::vector<int64_t>({1, 0, 0}));
}

TEST_F(BudgetsTest, AnotherAmountHoldsAtOnce) {
  ASSERT_TRUE(Gets("a"));
  ASSERT_TRUE(world_.Apply("shop", PlaybookWith(1)).ok());
  EXPECT_FALSE(Gets("b")) << "lowered to what was taken";
  ASSERT_TRUE(world_.Apply("shop", PlaybookWith(0)).ok());
  EXPECT_FALSE(Gets("b"));
  ASSERT_TRUE(world_.Apply("shop", PlaybookWith(2)).ok());
  EXPECT_TRUE(Gets("b"));
  EXPECT_FALSE(Gets("c"));
}

TEST_F(BudgetsTest, WhatIsLeasedIsGivenBackAtTheEnd) {
  World world(PlaybookWith(1000));
  ASSERT_TRUE(world.Decide(Ask("anna")).ok());
  std::vector<int8_t> units;
  const auto playbook = *world.playbooks.Current("shop");
  const BudgetAsk ask{"shop", *playbook, world.clock.Now()};
  // Nine others wait at once, and go away.
  for (int i = 0; i < 9; ++i) world.budgets.Fetch(ask, {{0, 1}}, World::Deadline(), [] {});
  world.budgets.Drain(World::Deadline());
  EXPECT_TRUE(world.budgets.Look(ask, {{0, 1}}, units));
  EXPECT_EQ(units[0], decision::kBudgetUnknown);
  Budgets other(world.budget_store, world.clock);
  const auto list = Await<std::vector<BudgetStatus>>(
      [&](Budgets::ListDone done) { other.List(ask, World::Deadline(), std::move(done)); });
  EXPECT_EQ((*list)[0].use.taken, 1);
  EXPECT_EQ((*list)[0].use.leased, 0);
}

TEST_F(BudgetsTest, AHotOfferAsksTheStoreRarely) {
  World world(PlaybookWith(100'000));
  const int decisions = 5'000;
  for (int i = 0; i < decisions; ++i) {
    world.clock.Advance(absl::Microseconds(1000));
    ASSERT_TRUE(IsGiven(world.Decide(Ask(""))));
  }
  EXPECT_LT(world.budget_store.leases(), decisions / 4) << "a thousand a second: twenty a lease";
}

// Keeps the answers about leases until it is told to give them.
class StalledBudgetStore final : public store::BudgetStore {
 public:
  explicit StalledBudgetStore(store::BudgetStore& store) : store_(store) {}

  void Lease(const store::BudgetKey& key, const store::LeaseRequest& request, absl::Time deadline,
             LeaseDone done) override {
    store_.Lease(key, request, deadline, [this, done = std::move(done)](absl::StatusOr<store::Lease> lease) mutable {
      absl::MutexLock lock(&mutex_);
      answers_.push_back([done = std::move(done), lease]() mutable { done(lease); });
    });
  }
  void Hold(const store::HoldRequest& request, absl::Time deadline, Done done) override {
    store_.Hold(request, deadline, std::move(done));
  }
  void ChangeHolds(absl::string_view tenant, absl::string_view decision, store::HoldChange change, absl::Time deadline,
                   Done done) override {
    store_.ChangeHolds(tenant, decision, change, deadline, std::move(done));
  }
  void Read(const store::BudgetKey& key, absl::Time deadline, UseDone done) override {
    store_.Read(key, deadline, std::move(done));
  }

  void Answer() {
    std::vector<absl::AnyInvocable<void()>> answers;
    {
      absl::MutexLock lock(&mutex_);
      answers.swap(answers_);
    }
    for (auto& answer : answers) answer();
  }

 private:
  store::BudgetStore& store_;
  absl::Mutex mutex_;
  std::vector<absl::AnyInvocable<void()>> answers_;
};

TEST_F(BudgetsTest, EachIsAnsweredByItsOwnDeadline) {
  StalledBudgetStore store(world_.budget_store);
  Budgets budgets(store, world_.clock);
  const auto playbook = *world_.playbooks.Current("shop");
  const BudgetAsk ask{"shop", *playbook, world_.clock.Now()};
  absl::Notification patient;
  absl::Notification hurried;
  budgets.Fetch(ask, {{0, 1}}, World::Deadline(), [&] { patient.Notify(); });
  budgets.Fetch(ask, {{0, 1}}, absl::Now() + absl::Milliseconds(20), [&] { hurried.Notify(); });
  EXPECT_TRUE(hurried.WaitForNotificationWithTimeout(absl::Seconds(10)));
  EXPECT_FALSE(patient.HasBeenNotified());
  store.Answer();
  EXPECT_TRUE(patient.HasBeenNotified());
  std::vector<int8_t> units;
  EXPECT_TRUE(budgets.Look(ask, {{0, 1}}, units));
}

// A decision that waits for another's lease answers within its time, without the offer.
TEST_F(BudgetsTest, ADecisionWaitsNoLongerThanItMay) {
  StalledBudgetStore store(world_.budget_store);
  Budgets budgets(store, world_.clock);
  Engine engine(world_.profiles, world_.playbooks, budgets, world_.clock);
  absl::Notification first;
  engine.Decide(Ask("anna"), World::Deadline(), [&](const absl::StatusOr<DecideAnswer>& answer) {
    EXPECT_TRUE(IsGiven(answer));
    first.Notify();
  });
  const auto answer = Await<DecideAnswer>([&](Engine::Done<DecideAnswer> done) {
    engine.Decide(Ask(""), absl::Now() + absl::Milliseconds(50), std::move(done));
  });
  EXPECT_EQ(ReasonOf(answer), Reason::kBudgetUnknown);
  EXPECT_FALSE(first.HasBeenNotified());
  store.Answer();
  EXPECT_TRUE(first.HasBeenNotified());
}

// Two replicas, many callers.
TEST_F(BudgetsTest, ManyAtOnceOnTwoReplicasGetExactlyWhatThereIs) {
  constexpr int kAmount = 300;
  World world(PlaybookWith(kAmount));
  Budgets other_budgets(world.budget_store, world.clock);
  Engine other(world.profiles, world.playbooks, other_budgets, world.clock);
  std::atomic<int> given{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      Engine& engine = t % 2 == 0 ? world.engine : other;
      for (int i = 0; i < 150; ++i) {
        const std::string customer = i % 3 == 0 ? "" : absl::StrCat("c", t, "_", i);
        const auto answer = Await<DecideAnswer>(
            [&](Engine::Done<DecideAnswer> done) { engine.Decide(Ask(customer), World::Deadline(), std::move(done)); });
        given += IsGiven(answer) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // What one replica has leased and does not need, the other gets once that is given back.
  world.budgets.Drain(World::Deadline());
  world.clock.Advance(absl::Seconds(1));
  for (int i = 0; i < kAmount; ++i) {
    const auto answer = Await<DecideAnswer>(
        [&](Engine::Done<DecideAnswer> done) { other.Decide(Ask(""), World::Deadline(), std::move(done)); });
    given += IsGiven(answer) ? 1 : 0;
  }
  EXPECT_EQ(given, kAmount);
}

// The store goes away at each operation, with and without having done it, for good or for a while: nothing is given
// twice, and nothing is lost.
TEST_F(BudgetsTest, WhateverTheStoreLosesNothingIsGivenTwice) {
  for (const bool answer_lost : {false, true}) {
    for (int at = 0; at < 12; ++at) {
      for (const char* placement : {"hero", "letter"}) {
        World world(PlaybookWith(5));
        std::set<std::string> given;
        const auto decide = [&](const std::string& id) {
          if (IsGiven(world.Decide(Ask("", id, placement)))) given.insert(id);
        };
        world.budget_store.SetOutage(std::make_shared<Outage>(at, answer_lost));
        for (int i = 0; i < 4; ++i) decide(absl::StrCat("d", i));
        world.budget_store.SetOutage(nullptr);
        world.clock.Advance(absl::Seconds(1));
        for (int i = 0; i < 12; ++i) {
          decide(absl::StrCat("d", i));
          world.clock.Advance(absl::Milliseconds(300));
        }
        EXPECT_EQ(given.size(), 5u) << at << answer_lost << placement;
      }
    }
  }
}

TEST(PeriodOf, BeginsAtMidnightOfTheZone) {
  absl::TimeZone berlin;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  const auto at = [](const char* text) {
    absl::Time time;
    std::string error;
    EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
    return time;
  };
  const auto begins = [&](playbook::Period period, const char* now, const absl::TimeZone& zone) {
    return absl::FormatTime(absl::FromUnixSeconds(PeriodOf({.period = period}, zone, at(now))), absl::UTCTimeZone());
  };
  using playbook::Period;
  EXPECT_EQ(PeriodOf({}, berlin, at("2026-10-25T12:00:00Z")), 0);
  EXPECT_EQ(begins(Period::kDay, "2026-10-25T12:00:00Z", berlin), "2026-10-24T22:00:00+00:00") << "summer time still";
  EXPECT_EQ(begins(Period::kDay, "2026-10-25T23:30:00Z", berlin), "2026-10-25T23:00:00+00:00");
  EXPECT_EQ(begins(Period::kWeek, "2026-10-25T12:00:00Z", berlin), "2026-10-18T22:00:00+00:00") << "a Sunday";
  EXPECT_EQ(begins(Period::kWeek, "2026-10-26T12:00:00Z", berlin), "2026-10-25T23:00:00+00:00") << "a Monday";
  EXPECT_EQ(begins(Period::kMonth, "2026-03-31T21:59:59Z", berlin), "2026-02-28T23:00:00+00:00");
  EXPECT_EQ(begins(Period::kMonth, "2026-03-31T22:00:00Z", berlin), "2026-03-31T22:00:00+00:00");
  EXPECT_EQ(begins(Period::kMonth, "2026-03-31T22:00:00Z", absl::UTCTimeZone()), "2026-03-01T00:00:00+00:00");
}

TEST_F(BudgetsTest, EachPeriodHasTheAmount) {
  World world(absl::StrReplaceAll(PlaybookWith(2), {{"hold: 1h", "period: DAY, hold: 1h"}}));
  const auto gets = [&] { return IsGiven(world.Decide(Ask(""))); };
  for (int day = 0; day < 3; ++day) {
    EXPECT_TRUE(gets());
    EXPECT_TRUE(gets());
    EXPECT_FALSE(gets());
    world.clock.Advance(absl::Hours(24));
  }
}

}  // namespace
}  // namespace waymark::engine
