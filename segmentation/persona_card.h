#ifndef WAYMARK_SEGMENTATION_PERSONA_CARD_H_
#define WAYMARK_SEGMENTATION_PERSONA_CARD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "segmentation/observation.h"
#include "segmentation/persona.h"

namespace waymark::segmentation {

// One line of a card.
struct PersonaTrait {
  std::string name;
  std::string value;   // of a category: its most frequent value
  double here = 0;     // of a number: the mean of those who have it, by logarithms where it has a long tail; of a
                       // category: the share of this value
  double overall = 0;  // the same over everyone
  double deviation =
      0;  // (here - overall) in standard deviations of everyone; of a heavy-tailed number, of its logarithm

  friend bool operator==(const PersonaTrait&, const PersonaTrait&) = default;
};

// A persona for people to read; from the sample.
struct PersonaCard {
  std::string name;  // [a-z0-9_]{1,64}, unique in its population
  int64_t customers = 0;
  double share = 0;
  std::vector<PersonaTrait> demographics;  // the traits
  std::vector<PersonaTrait> behaviour;     // recency_days, orders, monetary, events within 365 days
  std::vector<PersonaTrait> channels;      // for how many it is the strongest, the most frequent first; at most 5
  std::vector<PersonaTrait> categories;    // the same of labels
  std::vector<PersonaTrait> goals;  // of the stages (values) where they stand, the most frequent first; at most 5
  std::vector<PersonaTrait>
      challenges;  // pain points: how many have shown one, the most above everyone first; at most 5
  std::vector<PersonaTrait> distinctive;  // of all lines those furthest from everyone, the furthest first; at most 5

  friend bool operator==(const PersonaCard&, const PersonaCard&) = default;
};

// One a persona of the fit, in its order. `kept_names` has for each the name that it continues, empty: it gets one of
// its two most distinctive lines ("frequent_shoes").
std::vector<PersonaCard> MakeCards(const ObservationPlan& plan, const PopulationSample& sample, const PersonaFit& fit,
                                   absl::Span<const std::string> kept_names);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_PERSONA_CARD_H_
