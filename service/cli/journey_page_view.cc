#include "service/cli/journey_page_view.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace waymark::cli {
namespace {

// "de" or one of its kind ("de-AT"); where there is none, empty.
std::string LabelOf(const google::protobuf::Map<std::string, std::string>& labels, absl::string_view locale) {
  const auto exact = labels.find(std::string(locale));
  if (exact != labels.end()) return exact->second;
  std::string of_kind, kind;  // the first by name: the order of a protobuf map is not defined
  for (const auto& [name, label] : labels) {
    const bool same =
        absl::StartsWith(name, absl::StrCat(locale, "-")) || absl::StartsWith(name, absl::StrCat(locale, "_"));
    if (same && (kind.empty() || name < kind)) {
      kind = name;
      of_kind = label;
    }
  }
  return of_kind;
}

}  // namespace

MapView::MapView(const v1::JourneyMap& map, const Words& words) : map_(map), words_(words) {
  for (int i = 0; i < map.stages_size(); ++i) stages_.emplace(map.stages(i).stage(), i);
  for (const v1::MapTouchpoint& touchpoint : map.touchpoints()) {
    touchpoints_.emplace(touchpoint.touchpoint(), &touchpoint);
  }
  for (const v1::MapCell& cell : map.cells()) {
    cells_.emplace(std::make_pair(absl::string_view(cell.stage()), absl::string_view(cell.touchpoint())), &cell);
  }
}

absl::optional<int> MapView::IndexOf(absl::string_view stage) const {
  const auto found = stages_.find(stage);
  if (found == stages_.end()) return absl::nullopt;
  return found->second;
}

std::string MapView::StageName(int index) const {
  const std::string label = LabelOf(stage(index).labels(), words_.code());
  return label.empty() ? Readable(stage(index).stage()) : label;
}

std::string MapView::StageName(absl::string_view stage) const {
  const absl::optional<int> index = IndexOf(stage);
  if (index.has_value()) return StageName(*index);
  return stage.empty() ? std::string(words_.Say("a former stage", "eine frühere Phase")) : Readable(stage);
}

const v1::MapCell* MapView::Cell(absl::string_view stage, absl::string_view touchpoint) const {
  const auto found = cells_.find(std::make_pair(stage, touchpoint));
  return found == cells_.end() ? nullptr : found->second;
}

const v1::MapTouchpoint* MapView::Touchpoint(absl::string_view touchpoint) const {
  const auto found = touchpoints_.find(touchpoint);
  return found == touchpoints_.end() ? nullptr : found->second;
}

std::string MapView::PlaceName(const v1::MapTouchpoint& touchpoint) const {
  std::string label = LabelOf(touchpoint.labels(), words_.code());
  if (!label.empty()) return label;
  if (touchpoint.touchpoint().empty()) return std::string(words_.Say("no touchpoint", "ohne Kontaktpunkt"));
  absl::string_view place = touchpoint.touchpoint();
  const std::string prefix = absl::StrCat(touchpoint.channel(), "/");
  if (absl::StartsWith(place, prefix) && place.size() > prefix.size()) place.remove_prefix(prefix.size());
  return Readable(place);
}

std::string MapView::TouchpointName(absl::string_view touchpoint) const {
  const v1::MapTouchpoint* found = Touchpoint(touchpoint);
  if (found == nullptr) return Readable(touchpoint);
  std::string place = PlaceName(*found);
  if (found->channel().empty() || !LabelOf(found->labels(), words_.code()).empty()) return place;
  return absl::StrCat(Readable(found->channel()), ": ", place);
}

int EmotionStep(double mean) {
  if (mean <= -0.5) return 0;
  if (mean <= -0.15) return 1;
  if (mean < 0.15) return 2;
  return mean < 0.5 ? 3 : 4;
}

absl::string_view EmotionWord(double mean, const Words& words) {
  switch (EmotionStep(mean)) {
    case 0:
      return words.Say("very bad", "sehr schlecht");
    case 1:
      return words.Say("bad", "schlecht");
    case 2:
      return words.Say("so-so", "durchwachsen");
    case 3:
      return words.Say("good", "gut");
    default:
      return words.Say("very good", "sehr gut");
  }
}

std::string EmotionText(const v1::Emotion& emotion, const Words& words) {
  return absl::StrCat(words.Signed(emotion.mean(), 2), " (95", words.Say("%: ", "\u00a0%: "),
                      words.Signed(emotion.low(), 2), words.Say(" to ", " bis "), words.Signed(emotion.high(), 2), ")");
}

std::string IntervalText(const v1::Share& share, const Words& words) {
  return absl::StrCat(words.Percent(share.low()), words.Say(" to ", " bis "), words.Percent(share.high()));
}

TouchpointRows SplitRows(const v1::JourneyMap& map, size_t limit) {
  std::vector<const v1::MapTouchpoint*> rows;
  absl::flat_hash_map<absl::string_view, int64_t> channels;
  for (const v1::MapTouchpoint& touchpoint : map.touchpoints()) {
    rows.push_back(&touchpoint);
    channels[touchpoint.channel()] += touchpoint.volume();
  }
  const auto by_volume = [](const v1::MapTouchpoint* left, const v1::MapTouchpoint* right) {
    return left->volume() > right->volume();
  };
  const auto by_channel = [&channels](const v1::MapTouchpoint* left, const v1::MapTouchpoint* right) {
    const std::string& one = left->channel();
    const std::string& other = right->channel();
    if (one.empty() != other.empty()) return other.empty();
    return std::make_pair(-channels[one], absl::string_view(one)) <
           std::make_pair(-channels[other], absl::string_view(other));
  };
  std::stable_sort(rows.begin(), rows.end(), by_volume);
  const auto middle = rows.begin() + static_cast<ptrdiff_t>(rows.size() <= limit + 1 ? rows.size() : limit);
  std::stable_sort(rows.begin(), middle, by_channel);
  std::stable_sort(middle, rows.end(), by_channel);
  return {{rows.begin(), middle}, {middle, rows.end()}};
}

}  // namespace waymark::cli
