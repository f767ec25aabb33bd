#include "service/batch/decide_many.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

using testing_support::Outage;

constexpr absl::string_view kPlaybook = R"yaml(
keep_decisions: 30d
channels: [{name: web}]
budgets: [{name: vouchers, amount: 25}]
actions:
  - {name: coupon, kind: OFFER, placements: [hero], limits: [{per: CUSTOMER, max: 2, window: 7d}]}
  - {name: voucher, kind: OFFER, placements: [side], budgets: [vouchers]}
placements: [{name: hero, touchpoint: web/home}, {name: side, touchpoint: web/side}]
)yaml";

class DecideManyTest : public ::testing::Test {
 protected:
  using Answer = absl::StatusOr<engine::DecideAnswer>;

  static ManyToDecide Ask(std::vector<ManyToDecide::Each> customers, const std::string& placement = "hero") {
    ManyToDecide many;
    many.common.tenant = "shop";
    many.common.placements = {placement};
    many.customers = std::move(customers);
    return many;
  }

  std::vector<Answer> Decide(const ManyToDecide& many) {
    auto answers = DecideMany(environment_, world_.engine, many, cancellation_);
    EXPECT_TRUE(answers.ok()) << answers.status();
    if (!answers.ok()) return {};
    EXPECT_EQ(answers->size(), many.customers.size());
    return *std::move(answers);
  }

  // Whether the one action of the placement was given; false for an error.
  static bool IsGiven(const Answer& answer) { return answer.ok() && !answer->decision.placements[0].chosen.empty(); }
  static int Given(const std::vector<Answer>& answers) {
    return static_cast<int>(std::count_if(answers.begin(), answers.end(), IsGiven));
  }

  // The same at once, on threads of its own.
  static void AtOnce(int threads, const std::function<void(int thread)>& work) {
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
    for (std::thread& thread : running) thread.join();
  }

  testing_support::World world_{kPlaybook};
  Threads threads_;
  const Environment environment_{world_.profiles, world_.records, world_.playbooks, world_.clock, threads_};
  const std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
};

TEST_F(DecideManyTest, AnswersInOrder) {
  std::vector<ManyToDecide::Each> customers;
  for (int i = 0; i < 100; ++i) customers.push_back({absl::StrCat("c", i), absl::StrCat("id", i)});
  const std::vector<Answer> answers = Decide(Ask(customers));
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(answers[i].ok()) << answers[i].status();
    EXPECT_EQ(answers[i]->decision_id, absl::StrCat("id", i));
    EXPECT_EQ(answers[i]->knowledge, engine::Knowledge::kUnknownCustomer);
  }
  EXPECT_EQ(Given(answers), 100);
  EXPECT_EQ(world_.profiles.loads(), 0) << "profiles are read together, once";
  EXPECT_TRUE(Decide(Ask({})).empty());
}

TEST_F(DecideManyTest, KeepsALimitForACustomerWhoIsThereOften) {
  const std::vector<Answer> answers = Decide(Ask(std::vector<ManyToDecide::Each>(50, {"c1"})));
  for (const Answer& answer : answers) EXPECT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(Given(answers), 2);
  world_.clock.Advance(absl::Hours(7 * 24 + 1));
  EXPECT_EQ(Given(Decide(Ask({{"c1"}, {"c1"}, {"c1"}}))), 2);
}

TEST_F(DecideManyTest, KeepsALimitForThoseWhoAreInManyCallsAtOnce) {
  constexpr int kCustomers = 20;
  absl::Mutex mutex;
  std::map<std::string, int> given;
  AtOnce(4, [&](int thread) {
    for (int round = 0; round < 5; ++round) {
      std::vector<ManyToDecide::Each> customers;
      for (int i = 0; i < 3 * kCustomers; ++i) {
        customers.push_back({absl::StrCat("c", (i * (2 * thread + 1) + round) % kCustomers)});
      }
      const std::vector<Answer> answers = Decide(Ask(customers));
      absl::MutexLock lock(&mutex);
      for (size_t i = 0; i < answers.size(); ++i) {
        EXPECT_TRUE(answers[i].ok()) << answers[i].status();
        given[customers[i].customer] += IsGiven(answers[i]) ? 1 : 0;
      }
    }
  });
  for (int i = 0; i < kCustomers; ++i) EXPECT_EQ(given[absl::StrCat("c", i)], 2) << i;
}

TEST_F(DecideManyTest, CountsARetriedIdOnce) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Given(Decide(Ask({{"c1", "first"}, {"c1", "first"}}))), 2) << "the same answer each time";
  }
  EXPECT_EQ(Given(Decide(Ask({{"c1", "second"}}))), 1);
  EXPECT_EQ(Given(Decide(Ask({{"c1", "third"}, {"c1", "first"}}))), 1);
  EXPECT_EQ(Given(Decide(Ask({{"c1", "third"}}))), 0);
}

TEST_F(DecideManyTest, GivesABudgetOnceAndAllOfIt) {
  std::atomic<int> given = 0;
  AtOnce(4, [&](int thread) {
    std::vector<ManyToDecide::Each> customers;
    for (int i = 0; i < 50; ++i)
      customers.push_back({absl::StrCat(thread, "_", i), absl::StrCat("id", thread, "_", i)});
    given += Given(Decide(Ask(customers, "side")));
  });
  EXPECT_EQ(given, 25);
  EXPECT_EQ(Given(Decide(Ask({{"x"}, {"y"}}, "side"))), 0);
}

// Whichever operation of the store is the last that is done, or whose answer is lost: who was not answered is asked
// again with the same id, and whoever had what there is for one has had it once.
TEST_F(DecideManyTest, CountsOnceWhateverTheStoreDoes) {
  const auto ask = [](const std::string& run, const std::string& id) {
    return Ask({{run + "a", id}, {run + "b", id}, {run + "a", id}, {run + "c", id}});
  };
  bool over = false;
  int refused = 0;
  for (int first = 0; !over; ++first) {
    for (const bool lost : {false, true}) {
      const std::string run = absl::StrCat(first, lost, "_");
      const auto outage = std::make_shared<Outage>(first, lost);
      world_.profiles.SetOutage(outage);
      for (const Answer& answer : Decide(ask(run, "id1"))) {
        if (answer.ok()) {
          EXPECT_TRUE(IsGiven(answer));
          continue;
        }
        EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
        ++refused;
      }
      over = !outage->over();
      world_.profiles.SetOutage(nullptr);
      EXPECT_EQ(Given(Decide(ask(run, "id1"))), 4) << run;
      EXPECT_EQ(Given(Decide(ask(run, "id2"))), 4) << run;
      EXPECT_EQ(Given(Decide(ask(run, "id3"))), 0) << run;
    }
  }
  EXPECT_GT(refused, 20);
}

TEST_F(DecideManyTest, DecidesNobodyFromContext) {
  world_.profiles.SetBytes({"shop", "c2"}, "rubbish");
  for (const char* placement : {"hero", "side"}) {
    const std::vector<Answer> answers = Decide(Ask({{"c1"}, {"c2"}, {"c3"}}, placement));
    EXPECT_TRUE(answers[0].ok() && answers[2].ok());
    EXPECT_EQ(answers[1].status().code(), absl::StatusCode::kDataLoss);
  }
  world_.logger.Flush();
  const size_t logged = world_.decisions.size("shop");
  EXPECT_EQ(logged, 4u);
  world_.profiles.FailWith(absl::UnavailableError("away"));
  for (const Answer& answer : Decide(Ask({{"c1"}, {"c2"}}))) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  }
  world_.logger.Flush();
  EXPECT_EQ(world_.decisions.size("shop"), logged);
}

TEST_F(DecideManyTest, PassesOnTheErrorsOfTheQuestion) {
  for (const Answer& answer : Decide(Ask({{"c1"}, {"c2"}}, "nowhere"))) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kNotFound);
  }
}

TEST_F(DecideManyTest, EndsWhereItIsCancelled) {
  cancellation_->Cancel(absl::UnavailableError("stopping"));
  EXPECT_EQ(DecideMany(environment_, world_.engine, Ask({{"c1"}}), cancellation_).status(),
            absl::UnavailableError("stopping"));
}

}  // namespace
}  // namespace waymark::batch
