#include "service/batch/fit.h"

#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

constexpr absl::string_view kPlaybook = R"yaml(
currency: EUR
segments:
  - {name: best, when: rfm.segment == "champions"}
  - {name: leaving, when: churn_risk > 0.9}
)yaml";

class FitTest : public ::testing::Test {
 protected:
  FitTest() {
    // Customer c buys c % 10 times, a week apart, the last time c % 5 weeks ago.
    engine::RecordRequest request{.tenant = "shop"};
    for (int c = 0; c < 600; ++c) {
      for (int i = 0; i < c % 10; ++i) {
        request.items.push_back({absl::StrCat("c", c),
                                 {.id = absl::StrCat(i),
                                  .type = "purchase",
                                  .time = world_.clock.Now() - absl::Hours(24 * 7 * (i + c % 5)),
                                  .value_micros = (10 + c % 7) * int64_t{1'000'000},
                                  .currency = "EUR"}});
      }
      if (c % 10 == 0) request.items.push_back({absl::StrCat("c", c), {.id = "login", .type = "login"}});
    }
    EXPECT_TRUE(world_.Record(std::move(request)).ok());
  }

  absl::StatusOr<FittedPopulation> Fit(uint64_t seed = 1) {
    return FitPopulation(world_.profiles, world_.playbooks, world_.clock, "shop", seed, cancellation_,
                         [this](const WalkProgress& at) { progress_ = at; });
  }

  testing_support::World world_{kPlaybook};
  std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  WalkProgress progress_;
};

TEST_F(FitTest, LearnsFromEveryoneAndIsServed) {
  EXPECT_FALSE(world_.Evaluate("c9")->segments[0].member);
  EXPECT_EQ(world_.Evaluate("c9")->segments[0].error, "rfm.segment is not known");
  const auto fitted = Fit();
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  EXPECT_EQ(progress_.profiles, 600);
  const segmentation::Population& population = *fitted->population;
  EXPECT_EQ(population.version, 1u);
  EXPECT_EQ(population.playbook_version, 1u);
  EXPECT_EQ(population.counts.customers, 600);
  EXPECT_EQ(population.counts.buyers, 540);
  EXPECT_EQ(population.counts.orders, 60 * 45);
  EXPECT_EQ(population.counts.one_time_buyers, 60);
  EXPECT_EQ((*world_.playbooks.Current("shop"))->population, fitted->population);
  // c199: nine orders, the last four weeks ago; c190: none.
  EXPECT_EQ(world_.Evaluate("c190")->segments[0].error, "rfm.segment is not known");
  EXPECT_EQ(world_.Evaluate("c195")->segments[0].error, "");
}

TEST_F(FitTest, CountsVersionsAndAPlaybookAppliedLaterKeepsThePopulation) {
  ASSERT_TRUE(Fit().ok());
  ASSERT_EQ(world_.Apply("shop", "currency: EUR")->version, 2u);
  EXPECT_EQ((*world_.playbooks.Current("shop"))->population->version, 1u);
  EXPECT_EQ(Fit()->population->version, 2u);
}

TEST_F(FitTest, IsTheSameForTheSameSeed) {
  const auto first = Fit(7);
  const auto second = Fit(7);
  segmentation::Population expected = *first->population;
  expected.version = 2;
  EXPECT_EQ(*second->population, expected);
}

TEST_F(FitTest, AnotherReplicaUsesItToo) {
  ASSERT_TRUE(Fit().ok());
  engine::Playbooks replica(world_.records, world_.clock);
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (!replica.Ready() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ(*(*replica.Current("shop"))->population, *(*world_.playbooks.Current("shop"))->population);
}

TEST_F(FitTest, OneOfTwoAtOnceIsRefused) {
  const auto fitted = Fit();
  const auto again = engine::Await<engine::Playbooks::PopulationPointer>(
      [&](engine::Playbooks::Done<engine::Playbooks::PopulationPointer> done) {
        world_.playbooks.StorePopulation("shop", *fitted->population, testing_support::World::Deadline(),
                                         std::move(done));
      });
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAborted);
}

// What a kill between the two records leaves: the population is stored, and nobody was told.
TEST_F(FitTest, GoesOnAfterAFitOfWhichNobodyWasTold) {
  ASSERT_TRUE(Fit().ok());
  testing_support::FakeRecordStore records;
  const auto body = engine::GetRecord(world_.records, "population/shop", testing_support::World::Deadline());
  ASSERT_TRUE(engine::PutRecord(records, "population/shop", body->value, 0, testing_support::World::Deadline()).ok());
  engine::Playbooks playbooks(records, world_.clock);
  const auto applied = engine::Await<engine::ApplyAnswer>([&](engine::Playbooks::Done<engine::ApplyAnswer> done) {
    playbooks.Apply("shop", std::string(kPlaybook), absl::nullopt, testing_support::World::Deadline(), std::move(done));
  });
  ASSERT_TRUE(applied.ok());
  const auto fit = [&] {
    return FitPopulation(world_.profiles, playbooks, world_.clock, "shop", 1, cancellation_,
                         [](const WalkProgress&) {});
  };
  EXPECT_EQ(fit().status().code(), absl::StatusCode::kAborted) << "somebody else's may be newer than what it knew";
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while ((*playbooks.Current("shop"))->population == nullptr && absl::Now() < deadline)
    absl::SleepFor(absl::Milliseconds(5));
  const auto fitted = fit();
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  EXPECT_EQ(fitted->population->version, 2u);
}

TEST_F(FitTest, StopsWhenItIsCancelled) {
  cancellation_->Cancel();
  EXPECT_EQ(Fit().status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ((*world_.playbooks.Current("shop"))->population, nullptr);
}

}  // namespace
}  // namespace waymark::batch
