#include "segmentation/scores.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::segmentation {
namespace {

using ::testing::Optional;

constexpr int64_t kOne = 1'000'000;

TEST(ScoreScaleTest, TakesTheAnswersOfItsScaleAlone) {
  struct Row {
    absl::string_view type;
    int64_t value_micros;
    bool is_answer;
  };
  const Row kRows[] = {
      {"nps", 0, true},
      {"nps", 10 * kOne, true},
      {"nps", -kOne, false},
      {"nps", 11 * kOne, false},
      {"nps", 7 * kOne + kOne / 2, false},
      {"nps", 1, false},
      {"csat", 1 * kOne, true},
      {"csat", 5 * kOne, true},
      {"csat", 0, false},
      {"csat", 6 * kOne, false},
      {"csat", 2 * kOne + kOne / 2, false},
      {"ces", 1 * kOne, true},
      {"ces", 7 * kOne, true},
      {"ces", 0, false},
      {"ces", 8 * kOne, false},
      {"rate_product", 1 * kOne, true},
      {"rate_product", 4 * kOne + kOne / 2, true},
      {"rate_product", 5 * kOne, true},
      {"rate_product", kOne / 2, false},
      {"rate_product", 4 * kOne + kOne / 4, false},
      {"rate_product", 5 * kOne + kOne / 2, false},
  };
  for (const Row& row : kRows) {
    const ScoreScale* scale = FindScoreScale(NameIdOf(row.type));
    ASSERT_NE(scale, nullptr) << row.type;
    EXPECT_EQ(scale->type, row.type);
    EXPECT_EQ(scale->Has(row.value_micros), row.is_answer) << row.type << " " << row.value_micros;
  }
}

TEST(ScoreScaleTest, OtherTypesAreNoScores) {
  for (absl::string_view type : {"purchase", "complaint", "sentiment", ""}) {
    EXPECT_EQ(FindScoreScale(NameIdOf(type)), nullptr) << type;
  }
}

TEST(EmotionTest, OfEachTypeThatSaysSomething) {
  struct Row {
    absl::string_view type;
    double number;
    double emotion;
  };
  const Row kRows[] = {
      {"nps", 0, -1},
      {"nps", 5, 0},
      {"nps", 9, 0.8},
      {"nps", 10, 1},
      {"csat", 1, -1},
      {"csat", 3, 0},
      {"csat", 4, 0.5},
      {"csat", 5, 1},
      {"ces", 1, -1},
      {"ces", 4, 0},
      {"ces", 7, 1},
      {"rate_product", 1, -1},
      {"rate_product", 3.5, 0.25},
      {"rate_product", 5, 1},
      {"complaint", 0, -1},
      {"return", 0, -0.5},
      {"refund", 30, -0.5},
      {"contact_support", 0, -0.3},
  };
  for (const Row& row : kRows) {
    const Touch touch{.type = NameIdOf(row.type), .value_micros = static_cast<int64_t>(row.number * kOne)};
    EXPECT_THAT(EmotionOf(touch), Optional(row.emotion)) << row.type << " " << row.number;
  }
}

TEST(EmotionTest, MostEventsSayNothing) {
  EXPECT_EQ(EmotionOf({.type = NameIdOf("purchase"), .value_micros = 5 * kOne}), absl::nullopt);
  EXPECT_EQ(EmotionOf({.type = NameIdOf("dismiss")}), absl::nullopt);
}

TEST(EmotionTest, ASentimentSaysMoreThanATypeAndLessThanAScore) {
  EXPECT_THAT(EmotionOf({.type = NameIdOf("search"), .sentiment = 25}), Optional(0.25));
  EXPECT_THAT(EmotionOf({.type = NameIdOf("contact_support"), .sentiment = 90}), Optional(0.9));
  EXPECT_THAT(EmotionOf({.type = NameIdOf("complaint"), .sentiment = 0}), Optional(0.0));
  EXPECT_THAT(EmotionOf({.type = NameIdOf("nps"), .value_micros = 10 * kOne, .sentiment = -100}), Optional(1.0));
}

TEST(EmotionTest, ANumberThatIsNoAnswerIsNotTakenForOne) {
  EXPECT_EQ(EmotionOf({.type = NameIdOf("csat"), .value_micros = 0}), absl::nullopt);
  EXPECT_THAT(EmotionOf({.type = NameIdOf("csat"), .value_micros = 900 * kOne, .sentiment = 50}), Optional(0.5));
}

}  // namespace
}  // namespace waymark::segmentation
