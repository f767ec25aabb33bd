#include "service/journey/map_parts.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/string_view.h"
#include "segmentation/event.h"
#include "segmentation/proportions.h"
#include "service/journey/statistics.h"

namespace waymark::journey {

using segmentation::NameId;

MapShare ShareOf(int64_t count, int64_t of) {
  const segmentation::Proportion proportion{count, of};
  const segmentation::Interval interval = segmentation::WilsonInterval(proportion);
  return {count, of, proportion.rate(), interval.low, interval.high};
}

absl::optional<MapEmotion> EmotionFrom(const EmotionSums& sums, int min_people) {
  if (sums.people == 0 || sums.people < min_people) return absl::nullopt;
  const Estimate mean = MeanOf(sums.people, sums.sum, sums.squares);
  constexpr double kUnit = EmotionSums::kUnit;
  return MapEmotion{.mean = mean.value / kUnit,
                    .low = std::max(mean.low / kUnit, -1.0),
                    .high = std::min(mean.high / kUnit, 1.0),
                    .people = sums.people,
                    .responses = sums.responses};
}

std::vector<MapEvents> EventsOf(const playbook::Playbook& playbook, const TypeCounts& counts) {
  std::map<std::string, int64_t> by_name;
  for (const auto& [type, count] : counts) by_name[std::string(playbook::NameOf(playbook, type))] += count;
  std::vector<MapEvents> events;
  events.reserve(by_name.size());
  for (const auto& [name, count] : by_name) events.push_back({name, count});
  std::stable_sort(events.begin(), events.end(),
                   [](const MapEvents& a, const MapEvents& b) { return a.volume > b.volume; });
  return events;
}

std::string StageName(const playbook::Journey& journey, size_t stage) {
  return stage < journey.stages.size() ? journey.stages[stage].name : std::string();
}

MapTouchpoints::MapTouchpoints(const playbook::Playbook& playbook, const playbook::Journey& journey,
                               const MapCounts& counts, int min_people)
    : min_people_(min_people) {
  for (const playbook::Stage& stage : journey.stages) {
    for (const NameId id : stage.touchpoints) {
      const auto declared = playbook.touchpoints.find(id);
      if (declared == playbook.touchpoints.end() || counts.touchpoints.contains(id)) continue;
      if (std::any_of(all_.begin(), all_.end(), [id](const PlacedTouchpoint& placed) { return placed.id == id; })) {
        continue;
      }
      Place(id, none_, {.touchpoint = declared->second.name, .labels = declared->second.labels}, true);
    }
  }
  for (const auto& [id, touchpoint] : counts.touchpoints) {
    if (id == NameId{}) {
      Place(id, touchpoint, {}, false);
    } else if (const auto declared = playbook.touchpoints.find(id); declared != playbook.touchpoints.end()) {
      Place(id, touchpoint, {.touchpoint = declared->second.name, .labels = declared->second.labels}, true);
    } else if (const auto text = counts.undeclared.find(id); text != counts.undeclared.end() && !text->second.empty()) {
      Place(id, touchpoint, {.touchpoint = text->second, .undeclared = true}, true);
    } else {
      other_.Add(touchpoint);
    }
  }
  if (other_.customers > 0) {
    Place(kOtherTouchpoint, other_, {.touchpoint = kOther, .undeclared = true}, false);
  }
  // Those without a channel come last.
  std::sort(all_.begin(), all_.end(), [](const PlacedTouchpoint& a, const PlacedTouchpoint& b) {
    const MapTouchpoint& x = a.touchpoint;
    const MapTouchpoint& y = b.touchpoint;
    return std::forward_as_tuple(x.channel.empty(), x.channel, -x.volume, x.touchpoint) <
           std::forward_as_tuple(y.channel.empty(), y.channel, -y.volume, y.touchpoint);
  });
}

void MapTouchpoints::Place(NameId id, const TouchpointCounts& counts, MapTouchpoint touchpoint, bool named) {
  if (named) touchpoint.channel = std::string(segmentation::ChannelOfTouchpoint(touchpoint.touchpoint));
  touchpoint.volume = counts.volume();
  touchpoint.customers = counts.customers;
  touchpoint.emotion = EmotionFrom(counts.emotion, min_people_);
  all_.push_back({std::move(touchpoint), id, &counts, named});
}

}  // namespace waymark::journey
