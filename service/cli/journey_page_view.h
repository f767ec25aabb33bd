#ifndef WAYMARK_SERVICE_CLI_JOURNEY_PAGE_VIEW_H_
#define WAYMARK_SERVICE_CLI_JOURNEY_PAGE_VIEW_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "service/cli/journey_page_words.h"
#include "waymark/v1/journey.pb.h"

namespace waymark::cli {

// A map with its names: what is where, and how a person calls it. Refers to the map and the words. Immutable.
class MapView {
 public:
  MapView(const v1::JourneyMap& map, const Words& words);

  const v1::JourneyMap& map() const { return map_; }
  const Words& words() const { return words_; }
  int stages() const { return map_.stages_size(); }
  const v1::MapStage& stage(int index) const { return map_.stages(index); }
  // nullopt: the map has no such stage.
  absl::optional<int> IndexOf(absl::string_view stage) const;
  // The label in the page's language, or the name.
  std::string StageName(int index) const;
  std::string StageName(absl::string_view stage) const;

  // nullptr: none happened, and none is expected.
  const v1::MapCell* Cell(absl::string_view stage, absl::string_view touchpoint) const;
  const v1::MapTouchpoint* Touchpoint(absl::string_view touchpoint) const;
  // Beside its channel, or alone: "product page" or "web: product page".
  std::string PlaceName(const v1::MapTouchpoint& touchpoint) const;
  std::string TouchpointName(absl::string_view touchpoint) const;

 private:
  const v1::JourneyMap& map_;
  const Words& words_;
  absl::flat_hash_map<absl::string_view, int> stages_;
  absl::flat_hash_map<absl::string_view, const v1::MapTouchpoint*> touchpoints_;
  absl::flat_hash_map<std::pair<absl::string_view, absl::string_view>, const v1::MapCell*> cells_;
};

// Five steps of how it feels, from 0 (very bad) to 4 (very good): each with a colour, a face and a word.
int EmotionStep(double mean);
absl::string_view EmotionWord(double mean, const Words& words);

// "+0.42 (95%: +0.38 to +0.46)".
std::string EmotionText(const v1::Emotion& emotion, const Words& words);
// "12.3% to 14.5%".
std::string IntervalText(const v1::Share& share, const Words& words);

// The rows of the map in the order of the page: those that are shown at once, and the rest; in both by channel, the
// most frequented first, what has none last.
struct TouchpointRows {
  std::vector<const v1::MapTouchpoint*> first;
  std::vector<const v1::MapTouchpoint*> rest;
};
// At most `limit` first ones, by volume; where one would be over, it is.
TouchpointRows SplitRows(const v1::JourneyMap& map, size_t limit);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_JOURNEY_PAGE_VIEW_H_
