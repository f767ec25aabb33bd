#ifndef WAYMARK_SEGMENTATION_SCORES_H_
#define WAYMARK_SEGMENTATION_SCORES_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/profile.h"
#include "segmentation/stable_hash.h"

namespace waymark::segmentation {

// Event types whose number is what a customer answered, and what an event says of how the customer felt.

// A built-in event type that is a score. Its events carry a number from `least` to `most` in steps of `step`.
struct ScoreScale {
  absl::string_view type;
  int64_t least_micros = 0;
  int64_t most_micros = 0;
  int64_t step_micros = 0;

  // Whether the number is an answer on this scale.
  bool Has(int64_t value_micros) const {
    return value_micros >= least_micros && value_micros <= most_micros &&
           (value_micros - least_micros) % step_micros == 0;
  }
};

// "nps" 0 to 10, "csat" 1 to 5, "ces" 1 to 7 (7: it was easy), "rate_product" 1 to 5 stars and halves. On all of them
// more is better.
absl::Span<const ScoreScale> ScoreScales();

// nullptr where the type is no score. O(1).
const ScoreScale* FindScoreScale(NameId type);

// How it felt, -1 (as bad as can be) to 1, where the touch says so; from what says most about it to what says least:
//   - a score, linear, with the middle of its scale at 0;
//   - the sentiment that came with it;
//   - the type: a complaint is -1, because somebody took the trouble to say that it was bad; a return or a refund -0.5,
//     because what was bought did not do, though some buy in order to choose at home; contact_support -0.3, because
//     most who ask are in trouble, but not all.
// A pure function of the touch. O(1).
absl::optional<double> EmotionOf(const Touch& touch);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_SCORES_H_
