#include "segmentation/scores.h"

#include <algorithm>

namespace waymark::segmentation {
namespace {

constexpr int64_t kOne = 1'000'000;

constexpr ScoreScale kScales[] = {
    {"nps", 0, 10 * kOne, kOne},
    {"csat", 1 * kOne, 5 * kOne, kOne},
    {"ces", 1 * kOne, 7 * kOne, kOne},
    {"rate_product", 1 * kOne, 5 * kOne, kOne / 2},
};

struct TypeEmotion {
  NameId type{};
  double emotion = 0;
};

const TypeEmotion kTypeEmotions[] = {
    {NameIdOf("complaint"), -1},
    {NameIdOf("return"), -0.5},
    {NameIdOf("refund"), -0.5},
    {NameIdOf("contact_support"), -0.3},
};

}  // namespace

absl::Span<const ScoreScale> ScoreScales() { return kScales; }

const ScoreScale* FindScoreScale(NameId type) {
  static const NameId kIds[] = {NameIdOf(kScales[0].type), NameIdOf(kScales[1].type), NameIdOf(kScales[2].type),
                                NameIdOf(kScales[3].type)};
  static_assert(std::size(kIds) == std::size(kScales));
  const auto* it = std::find(std::begin(kIds), std::end(kIds), type);
  return it == std::end(kIds) ? nullptr : &kScales[it - std::begin(kIds)];
}

absl::optional<double> EmotionOf(const Touch& touch) {
  const ScoreScale* scale = FindScoreScale(touch.type);
  if (scale != nullptr && scale->Has(touch.value_micros)) {
    const double middle = static_cast<double>(scale->least_micros + scale->most_micros) / 2;
    const double half = static_cast<double>(scale->most_micros - scale->least_micros) / 2;
    return (static_cast<double>(touch.value_micros) - middle) / half;
  }
  if (touch.sentiment.has_value()) return *touch.sentiment / 100.0;
  for (const TypeEmotion& known : kTypeEmotions) {
    if (known.type == touch.type) return known.emotion;
  }
  return absl::nullopt;
}

}  // namespace waymark::segmentation
