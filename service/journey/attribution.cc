#include "service/journey/attribution.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_set.h"

namespace waymark::journey {
namespace {

using segmentation::NameId;
using segmentation::Touch;

double Units(int64_t micros) { return static_cast<double>(micros) / 1e6; }

// Makes the paths of one trail. Borrows all it is given.
class PathMaker {
 public:
  PathMaker(const segmentation::Trail& trail, const PathOptions& options,
            absl::FunctionRef<NameId(const Touch&)> player_of)
      : trail_(trail), options_(options), player_of_(player_of) {}

  std::vector<TouchPath> Make() {
    size_t begin = 0;
    for (size_t i = 0; i < trail_.touches.size(); ++i) {
      if (trail_.touches[i].type != options_.conversion) continue;
      AddConversion(begin, i);
      begin = i + 1;
    }
    AddOthers(begin, trail_.touches.size());
    return std::move(paths_);
  }

 private:
  // Of the touches [begin, end), which `end` converts.
  void AddConversion(size_t begin, size_t end) {
    const Touch& conversion = trail_.touches[end];
    const size_t first = FirstWithin(conversion.at, begin, end);
    AddOthers(begin, first);
    TouchPath path{.end = conversion.at,
                   .converted = true,
                   .value_micros = conversion.value_micros,
                   .incomplete = begin == 0 && conversion.at - options_.look_back < trail_.from};
    for (size_t i = first; i < end; ++i) AddTouch(trail_.touches[i], path);
    if (options_.conversion_counts) AddTouch(conversion, path);
    paths_.push_back(std::move(path));
  }

  // Those that nothing followed: cut into pieces, from the newest back, which then come by time.
  void AddOthers(size_t begin, size_t end) {
    const size_t made = paths_.size();
    while (end > begin) {
      const absl::Time last = trail_.touches[end - 1].at;
      const size_t first = FirstWithin(last, begin, end);
      TouchPath path{.end = last, .incomplete = first == 0 && last - options_.look_back < trail_.from};
      for (size_t i = first; i < end; ++i) AddTouch(trail_.touches[i], path);
      if (!path.touches.empty()) paths_.push_back(std::move(path));
      end = first;
    }
    std::reverse(paths_.begin() + static_cast<std::ptrdiff_t>(made), paths_.end());
  }

  // The first of [begin, end) that is no longer than the look-back before `at`.
  size_t FirstWithin(absl::Time at, size_t begin, size_t end) const {
    while (end > begin && trail_.touches[end - 1].at > at - options_.look_back) --end;
    return end;
  }

  void AddTouch(const Touch& touch, TouchPath& path) {
    const NameId player = player_of_(touch);
    if (player == NameId{}) return;
    if (path.touches.empty() || path.touches.back().player != player) path.touches.push_back({player, {}});
    path.touches.back().before = path.end - touch.at;
  }

  const segmentation::Trail& trail_;
  const PathOptions& options_;
  absl::FunctionRef<NameId(const Touch&)> player_of_;
  std::vector<TouchPath> paths_;
};

}  // namespace

std::vector<TouchPath> PathsOf(const segmentation::Trail& trail, const PathOptions& options,
                               absl::FunctionRef<NameId(const Touch&)> player_of) {
  return PathMaker(trail, options, player_of).Make();
}

AttributionCounts::AttributionCounts(int order, absl::Duration half_life)
    : half_life_hours_(absl::ToDoubleHours(half_life)), chain_(order) {}

NameId AttributionCounts::Counted(NameId player) {
  return players_.size() < kMaxCountedPlayers || players_.contains(player) ? player : kOtherPlayers;
}

void AttributionCounts::Give(AttributionMethod method, NameId player, double share, const TouchPath& path) {
  Credit& credit = players_[player].credits[static_cast<size_t>(method)];
  credit.conversions += share;
  credit.value += share * Units(path.value_micros);
}

void AttributionCounts::Add(const TouchPath& path) {
  if (path.incomplete) ++totals_.incomplete;
  if (path.converted) {
    ++totals_.conversions;
    totals_.value += Units(path.value_micros);
    if (path.touches.empty()) {
      ++totals_.unattributed;
      totals_.unattributed_value += Units(path.value_micros);
    }
  }
  if (path.touches.empty()) return;
  if (!path.converted) ++totals_.paths_without_conversion;
  sequence_.clear();
  for (const PathTouch& touch : path.touches) {
    sequence_.push_back(Counted(touch.player));
    ++players_[sequence_.back()].touches;
  }
  set_ = sequence_;
  std::sort(set_.begin(), set_.end());
  set_.erase(std::unique(set_.begin(), set_.end()), set_.end());
  for (NameId player : set_) ++players_[player].paths;
  chain_.Add(sequence_, path.converted);
  if (path.converted) GiveAll(path);
}

void AttributionCounts::GiveAll(const TouchPath& path) {
  Give(AttributionMethod::kFirst, sequence_.front(), 1, path);
  Give(AttributionMethod::kLast, sequence_.back(), 1, path);
  const auto touches = static_cast<double>(sequence_.size());
  for (NameId player : sequence_) Give(AttributionMethod::kLinear, player, 1 / touches, path);
  for (NameId player : set_) Give(AttributionMethod::kShapley, player, 1 / static_cast<double>(set_.size()), path);
  // Counted from the last touch, so that the sum is not 0 for paths of many half-lives.
  const auto weight = [&](const PathTouch& touch) {
    return std::exp2(-absl::ToDoubleHours(touch.before - path.touches.back().before) / half_life_hours_);
  };
  double sum = 0;
  for (const PathTouch& touch : path.touches) sum += weight(touch);
  for (size_t i = 0; i < sequence_.size(); ++i) {
    Give(AttributionMethod::kTimeDecay, sequence_[i], weight(path.touches[i]) / sum, path);
  }
}

void AttributionCounts::ShareMarkov(Attribution& attribution) const {
  absl::flat_hash_set<NameId> shown;
  std::vector<NameId> players;
  for (const PlayerCredits& player : attribution.players) {
    shown.insert(player.player);
    players.push_back(player.player);
  }
  const PathChain::Effects effects = chain_.RemovalEffects(
      players, [&shown](NameId player) { return shown.contains(player) ? player : kOtherPlayers; });
  attribution.conversion_probability = effects.conversion;
  double sum = 0;
  for (double effect : effects.removal) sum += effect;
  const auto conversions = static_cast<double>(attribution.conversions - attribution.unattributed);
  const double value = attribution.value - attribution.unattributed_value;
  for (size_t i = 0; i < players.size(); ++i) {
    PlayerCredits& player = attribution.players[i];
    player.removal_effect = effects.removal[i];
    const double share = sum > 0 ? effects.removal[i] / sum : 0;
    player.credits[static_cast<size_t>(AttributionMethod::kMarkov)] = {share * conversions, share * value};
  }
}

Attribution AttributionCounts::Attribute() const {
  Attribution attribution = totals_;
  attribution.left_out = chain_.left_out();
  for (const auto& [id, player] : players_) {
    attribution.players.push_back(
        {.player = id, .touches = player.touches, .paths = player.paths, .credits = player.credits});
  }
  std::vector<PlayerCredits>& players = attribution.players;
  std::sort(players.begin(), players.end(), [](const PlayerCredits& a, const PlayerCredits& b) {
    if ((a.player == kOtherPlayers) != (b.player == kOtherPlayers)) return b.player == kOtherPlayers;
    return a.touches != b.touches ? a.touches > b.touches : a.player < b.player;
  });
  while (players.size() > kMaxPlayers) {
    // Into the one before, which is then the others'. A path with several of them is counted once for each.
    PlayerCredits& into = players[players.size() - 2];
    into.player = kOtherPlayers;
    into.touches += players.back().touches;
    into.paths += players.back().paths;
    for (size_t m = 0; m < kAttributionMethods; ++m) {
      into.credits[m].conversions += players.back().credits[m].conversions;
      into.credits[m].value += players.back().credits[m].value;
    }
    players.pop_back();
  }
  ShareMarkov(attribution);
  return attribution;
}

}  // namespace waymark::journey
