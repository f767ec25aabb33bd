#include "service/journey/stage_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "tests/support/playbooks.h"

namespace waymark::journey {
namespace {

using segmentation::JourneyPosition;
using segmentation::NameIdOf;
using segmentation::StageEntry;
using segmentation::Trail;

constexpr int64_t kDayMs = 24 * 60 * 60 * 1000;
constexpr double kYearMs = 365.25 * kDayMs;
const absl::Time kStart = absl::FromUnixSeconds(1780000000);

absl::Time Day(double day) { return kStart + absl::Hours(24) * day; }

// ---- the chain
// ---------------------------------------------------------------------------------------------------------------

ChainCounts RandomCounts(std::mt19937_64& random, size_t n) {
  ChainCounts counts(n);
  for (size_t s = 0; s < n; ++s) {
    counts.exposure_ms[s] = static_cast<int64_t>(random() % 4000) * kDayMs;
    counts.gone[s] = static_cast<int64_t>(random() % 5);
    counts.revenue_micros[s] = static_cast<int64_t>(random() % 1'000'000'000);
    counts.stays[s] = counts.gone[s] + 3;
    for (size_t j = 0; j < n; ++j) {
      if (j != s && random() % 2 == 0) counts.moves[s * n + j] = static_cast<int64_t>(random() % 40);
      counts.stays[s] += counts.moved(s, j);
    }
  }
  return counts;
}

// The same by v <- (R + N v) / (rho T + N + G), until nothing moves.
std::vector<double> ByIteration(const ChainCounts& counts, double yearly_discount) {
  const size_t n = counts.size();
  const double rho = std::log1p(yearly_discount) / kYearMs;
  std::vector<double> values(n);
  for (double change = 1; change > 1e-13;) {
    change = 0;
    for (size_t s = 0; s < n; ++s) {
      double above = static_cast<double>(counts.revenue_micros[s]) / 1e6;
      double below = rho * static_cast<double>(counts.exposure_ms[s]) + static_cast<double>(counts.gone[s]);
      for (size_t j = 0; j < n; ++j) {
        above += static_cast<double>(counts.moved(s, j)) * values[j];
        below += static_cast<double>(counts.moved(s, j));
      }
      const double next = below > 0 ? above / below : 0;
      change = std::max(change, std::abs(next - values[s]) / (1 + std::abs(next)));
      values[s] = next;
    }
  }
  return values;
}

TEST(SolveStageValues, EqualsTheIteration) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    const ChainCounts counts = RandomCounts(random, 1 + random() % 8);
    const double yearly = 0.01 + static_cast<double>(random() % 100) / 50;
    const auto values = SolveStageValues(counts, yearly);
    const std::vector<double> expected = ByIteration(counts, yearly);
    for (size_t s = 0; s < values.size(); ++s) {
      if (!values[s].has_value()) continue;
      EXPECT_NEAR(*values[s], expected[s], 1e-7 * (1 + expected[s])) << round;
      EXPECT_GE(*values[s], 0);
    }
  }
}

// One stage in which a year is worth 100: discounted at r, the integral of 100 e^(-rho t).
TEST(SolveStageValues, OfAStageThatNobodyLeavesIsTheAnnuity) {
  ChainCounts counts(1);
  counts.exposure_ms = {static_cast<int64_t>(kYearMs)};
  counts.revenue_micros = {100'000'000};
  EXPECT_NEAR(*SolveStageValues(counts, 0.1)[0], 100 / std::log(1.1), 1e-9);
}

TEST(SolveStageValues, OfAStageThatIsOnlyPassedThrough) {
  ChainCounts counts(3);
  counts.moves = {0, 4, 0, 0, 0, 3, 0, 0, 0};  // 0 -> 1 -> 2, one of four was gone in between
  counts.gone = {0, 1, 0};
  counts.exposure_ms[2] = static_cast<int64_t>(kYearMs);
  counts.revenue_micros = {8'000'000, 0, 50'000'000};
  const auto values = SolveStageValues(counts, 1);
  EXPECT_NEAR(*values[2], 50 / std::log(2), 1e-9);
  EXPECT_NEAR(*values[1], 0.75 * *values[2], 1e-9);
  EXPECT_NEAR(*values[0], 2 + *values[1], 1e-9);
}

// What nobody ever left, nor was seen in for any time, says nothing.
TEST(SolveStageValues, OfASingularChain) {
  ChainCounts counts(4);
  counts.moves[0 * 4 + 1] = counts.moves[1 * 4 + 0] = 5;  // round and round in no time
  counts.moves[2 * 4 + 0] = 1;
  counts.revenue_micros = {1'000'000, 0, 6'000'000, 0};
  counts.gone[2] = 1;
  const auto values = SolveStageValues(counts, 0.1);
  EXPECT_FALSE(values[0].has_value());
  EXPECT_FALSE(values[1].has_value());
  EXPECT_NEAR(*values[2], 3, 1e-12);
  EXPECT_FALSE(values[3].has_value());
  EXPECT_TRUE(SolveStageValues(ChainCounts(), 0.1).empty());
  counts.exposure_ms[1] = 1;
  EXPECT_TRUE(SolveStageValues(counts, 0.1)[0].has_value()) << "any time discounts";
}

TEST(SolveStageValues, MoreRewardIsNeverLessValue) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 100; ++round) {
    ChainCounts counts = RandomCounts(random, 5);
    const auto before = SolveStageValues(counts, 0.1);
    counts.revenue_micros[random() % 5] += 5'000'000;
    const auto after = SolveStageValues(counts, 0.1);
    for (size_t s = 0; s < 5; ++s) {
      if (!before[s].has_value()) continue;
      EXPECT_GE(*after[s], *before[s] - 1e-9);
    }
  }
}

TEST(SolveStageValues, OfThinCountsIsEveryonesAndOfManyTheirOwn) {
  std::mt19937_64 random(3);
  const ChainCounts everyone = RandomCounts(random, 5);
  const ChainCounts own = RandomCounts(random, 5);
  ChainCounts many(5);
  for (int i = 0; i < 100'000; ++i) many.Add(own);
  const auto of_everyone = SolveStageValues(everyone, 0.1);
  const auto of_own = SolveStageValues(own, 0.1);
  const auto of_nobody = SolveStageValues(ChainCounts(5), 0.1, everyone, 50);
  const auto unshrunk = SolveStageValues(own, 0.1, everyone, 0);
  const auto wholly = SolveStageValues(own, 0.1, everyone, 1e12);
  const auto of_many = SolveStageValues(many, 0.1, everyone, 50);
  for (size_t s = 0; s < 5; ++s) {
    EXPECT_NEAR(*of_nobody[s], *of_everyone[s], 1e-8 * *of_everyone[s]);
    EXPECT_EQ(*unshrunk[s], *of_own[s]);
    EXPECT_NEAR(*wholly[s], *of_everyone[s], 1e-6 * *of_everyone[s]);
    EXPECT_NEAR(*of_many[s], *of_own[s], 1e-3 * *of_own[s]);
  }
}

// A chain of known rates, of which customers are seen for 400 days: what was counted of them gives the value that
// others bring in all their life.
class KnownChain {
 public:
  // Each a day.
  static constexpr size_t kStages = 3;
  const double moves[kStages][kStages] = {{0, 0.05, 0}, {0.02, 0, 0.1}, {0.01, 0, 0}};
  const double gone[kStages] = {0.01, 0.005, 0.002};
  const double buys[kStages] = {0, 0.02, 0.05};

  // Goes from `stage` on until gone or until `days`, and calls `stayed(stage, next, begin, end, purchases)`.
  template <typename Stayed>
  void Walk(size_t stage, double days, std::mt19937_64& random, Stayed stayed) const {
    for (double at = 0; at < days;) {
      double rate = gone[stage];
      for (double to : moves[stage]) rate += to;
      const double end = at + std::exponential_distribution<double>(rate)(random);
      std::vector<double> purchases;
      for (double buy = at;;) {
        buy += buys[stage] == 0 ? 1e9 : std::exponential_distribution<double>(buys[stage])(random);
        if (buy > std::min(end, days)) break;
        purchases.push_back(buy);
      }
      double left = std::uniform_real_distribution<double>(0, rate)(random);
      int next = ObservedStay::kGone;
      for (size_t to = 0; to < kStages; ++to) {
        if (next == ObservedStay::kGone && left < moves[stage][to]) next = static_cast<int>(to);
        left -= moves[stage][to];
      }
      stayed(stage, end > days ? ObservedStay::kStillThere : next, at, std::min(end, days), purchases);
      if (end > days || next < 0) return;
      stage = static_cast<size_t>(next);
      at = end;
    }
  }
};

TEST(SolveStageValues, EqualsASimulationOfTheChain) {
  const KnownChain chain;
  std::mt19937_64 random(4);
  constexpr double kPrice = 10;
  ChainCounts counts(KnownChain::kStages);
  for (int customer = 0; customer < 60'000; ++customer) {
    std::vector<ObservedStay> stays;
    const auto stayed = [&](size_t stage, int next, double begin, double end, const std::vector<double>& purchases) {
      stays.push_back({static_cast<int>(stage), next, static_cast<int64_t>((end - begin) * kDayMs),
                       static_cast<int64_t>(purchases.size()) * 10'000'000});
    };
    chain.Walk(static_cast<size_t>(customer % 3), static_cast<double>(random() % 400), random, stayed);
    counts.Add(stays);
  }
  const auto values = SolveStageValues(counts, 0.5);
  for (size_t begin = 0; begin < KnownChain::kStages; ++begin) {
    constexpr int kLives = 30'000;
    double sum = 0, squares = 0;
    for (int life = 0; life < kLives; ++life) {
      double worth = 0;
      chain.Walk(begin, 1e9, random, [&](size_t, int, double, double, const std::vector<double>& purchases) {
        for (double at : purchases) worth += kPrice * std::pow(1.5, -at / 365.25);
      });
      sum += worth;
      squares += worth * worth;
    }
    const double mean = sum / kLives;
    const double error = std::sqrt((squares / kLives - mean * mean) / kLives);
    EXPECT_NEAR(*values[begin], mean, 4 * error + 0.01 * mean) << begin;
  }
}

// ---- what is counted
// ---------------------------------------------------------------------------------------------------------

constexpr absl::string_view kPlaybook = R"yaml(
currency: EUR
journeys:
  - name: j
    stages: [{name: new, goal: g}, {name: looking, enter_when: 'ever("search")'}, {name: buying, enter_when: 'ever("purchase")'}]
segments: [{name: all, when: 'true'}, {name: few, when: 'ever("login")'}]
)yaml";

class ObserveStaysTest : public ::testing::Test {
 protected:
  void Touch(double day, const char* type, int64_t value = 0) {
    trail_.touches.push_back({.at = Day(day), .type = NameIdOf(type), .value_micros = value * 1'000'000});
  }
  std::vector<ObservedStay> Stays(double now) {
    std::vector<ObservedStay> stays;
    ObserveStays(playbook_->journeys[0], position_, trail_, NameIdOf("purchase"), absl::Hours(24) * 100, Day(now),
                 stays);
    return stays;
  }

  static StageEntry Entry(const char* stage, double day) { return {NameIdOf(stage), Day(day)}; }

  const std::shared_ptr<const playbook::Playbook> playbook_ = testing_support::MustCompile(kPlaybook);
  JourneyPosition position_{
      .journey = NameIdOf("j"), .current = Entry("buying", 30), .history = {Entry("new", 0), Entry("looking", 10)}};
  Trail trail_;
};

constexpr int kStay = ObservedStay::kStillThere;
constexpr int kGone = ObservedStay::kGone;

TEST_F(ObserveStaysTest, RevenueThatMovesOnIsOfTheStageBefore) {
  Touch(0, "login");
  Touch(10, "search");
  Touch(20, "purchase", 7);  // somehow
  Touch(30, "purchase", 50);
  Touch(60, "purchase", 20);
  const std::vector<ObservedStay> expected = {
      {0, 1, 10 * kDayMs, 0}, {1, 2, 20 * kDayMs, 57'000'000}, {2, kStay, 60 * kDayMs, 20'000'000}};
  EXPECT_EQ(Stays(90), expected);
}

TEST_F(ObserveStaysTest, ThePurchaseThatBeganItAllIsNobodysFuture) {
  position_ = {.journey = NameIdOf("j"), .current = Entry("buying", 0)};
  Touch(0, "purchase", 100);
  EXPECT_EQ(Stays(9), (std::vector<ObservedStay>{{2, kStay, 9 * kDayMs, 0}}));
}

TEST_F(ObserveStaysTest, WhoIsSilentIsGoneAndWhoComesBackBeginsAnew) {
  Touch(0, "login");
  Touch(10, "search");
  Touch(30, "purchase", 50);
  EXPECT_EQ(Stays(130).back(), (ObservedStay{2, kStay, 100 * kDayMs, 0}));
  EXPECT_EQ(Stays(131).back(), (ObservedStay{2, kGone, 100 * kDayMs, 0}));
  Touch(200, "purchase", 30);
  Touch(220, "purchase", 5);
  const std::vector<ObservedStay> stays = Stays(230);
  ASSERT_EQ(stays.size(), 4u);
  EXPECT_EQ(stays[2], (ObservedStay{2, kGone, 100 * kDayMs, 0}));
  EXPECT_EQ(stays[3], (ObservedStay{2, kStay, 30 * kDayMs, 5'000'000}));
}

// Time moved the customer back on day 80; nothing was heard since day 30.
TEST_F(ObserveStaysTest, SilenceGoesOnAcrossMovesThatTimeMade) {
  position_ = {.journey = NameIdOf("j"),
               .current = Entry("buying", 300),
               .history = {Entry("buying", 30), Entry("new", 80), Entry("looking", 300)}};
  Touch(30, "purchase", 50);
  Touch(300, "search", 0);
  const std::vector<ObservedStay> expected = {
      {2, 0, 50 * kDayMs, 0}, {0, kGone, 50 * kDayMs, 0}, {1, 2, 0, 0}, {2, kStay, 10 * kDayMs, 0}};
  EXPECT_EQ(Stays(310), expected) << "the event that comes back moves on at once, and begins there";
}

TEST_F(ObserveStaysTest, BeginsWhereTouchesAreWhole) {
  trail_.from = Day(25);
  Touch(26, "purchase", 3);
  Touch(30, "purchase", 50);
  const std::vector<ObservedStay> expected = {{1, 2, 5 * kDayMs, 53'000'000}, {2, kStay, 10 * kDayMs, 0}};
  EXPECT_EQ(Stays(40), expected);
}

TEST_F(ObserveStaysTest, LeavesOutWhatThePlaybookDoesNotHave) {
  position_.history[1].stage = NameIdOf("elsewhere");
  Touch(0, "login");
  Touch(20, "purchase", 9);
  const std::vector<ObservedStay> expected = {{0, kStay, 10 * kDayMs, 0}, {2, kStay, 10 * kDayMs, 0}};
  EXPECT_EQ(Stays(40), expected);
}

// ---- everyone
// ----------------------------------------------------------------------------------------------------------------

TEST_F(ObserveStaysTest, ShardsAddUpToTheSameBits) {
  const segmentation::StageValueOptions options;
  StageValueLearner whole(*playbook_, options, Day(400));
  std::vector<StageValueLearner> shards(3, StageValueLearner(*playbook_, options, Day(400)));
  std::mt19937_64 random(5);
  for (int customer = 0; customer < 300; ++customer) {
    trail_ = {};
    double day = 0;
    for (int i = 0; i < 20; ++i) Touch(day += static_cast<double>(random() % 30), "purchase", customer % 7);
    const std::vector<JourneyPosition> positions = {position_};
    const std::vector<int8_t> in_segment = {1, customer < 20};
    whole.Add(positions, trail_, in_segment);
    shards[random() % 3].Add(positions, trail_, in_segment);
  }
  shards[2].Add(shards[0]);
  shards[2].Add(shards[1]);
  const segmentation::StageValues learned = whole.Learn();
  EXPECT_EQ(shards[2].Learn(), learned);
  EXPECT_EQ(learned.customers, 300);
  ASSERT_EQ(learned.journeys.size(), 1u);
  ASSERT_EQ(learned.journeys[0].segments.size(), 2u) << "twenty customers are too few";
  EXPECT_EQ(learned.journeys[0].segments[1].segment, NameIdOf("all"));
  for (size_t s = 0; s < 3; ++s) {
    const auto& everyone = learned.journeys[0].segments[0].stages[s];
    const auto& segment = learned.journeys[0].segments[1].stages[s];
    EXPECT_EQ(segment.stays, everyone.stays);
    EXPECT_NEAR(*segment.value, *everyone.value, 1e-9 * (1 + *everyone.value)) << "shrunk to itself";
  }
}

TEST_F(ObserveStaysTest, OnlySegmentsThatWereAskedForAreLearned) {
  StageValueLearner learner(*playbook_, {.segments = {NameIdOf("few")}}, Day(400));
  Touch(0, "purchase", 1);
  const std::vector<int8_t> in_segment = {1, 1};
  for (int i = 0; i < 30; ++i) learner.Add({position_}, trail_, in_segment);
  const auto learned = learner.Learn();
  ASSERT_EQ(learned.journeys[0].segments.size(), 2u);
  EXPECT_EQ(learned.journeys[0].segments[1].segment, NameIdOf("few"));
}

}  // namespace
}  // namespace waymark::journey
