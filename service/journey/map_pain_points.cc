#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "segmentation/proportions.h"
#include "service/journey/map_parts.h"
#include "service/journey/statistics.h"

namespace waymark::journey {
namespace {

constexpr size_t kMaxShown = 20;
constexpr double kFalseDiscoveryRate = 0.05;

std::string Percent(double share) { return absl::StrFormat("%.0f %%", 100 * share); }

std::string People(int64_t count) { return count == 1 ? "1 customer" : absl::StrCat(count, " customers"); }

// "at web/cart in consideration", "in consideration"
std::string PlaceOf(const PainPoint& point) {
  const std::string stage = absl::StrCat("in ", point.stage);
  return point.touchpoint.empty() ? stage : absl::StrCat("at ", point.touchpoint, " ", stage);
}

std::string EvidenceOf(const PainPoint& point) {
  switch (point.kind) {
    case PainPointKind::kDropOff:
      return absl::StrCat(Percent(point.here->share), " of ", point.here->of, " stays ", PlaceOf(point),
                          " ended by falling back, against ", Percent(point.elsewhere->share), " of ",
                          point.elsewhere->of, point.touchpoint.empty() ? " in other stages; " : " without it; ",
                          People(point.customers_lost), " fell back last time");
    case PainPointKind::kEmotion:
      return absl::StrCat(point.emotion->people, " people felt ",
                          absl::StrFormat("%.2f on average (%.2f to %.2f) ", point.emotion->mean, point.emotion->low,
                                          point.emotion->high),
                          PlaceOf(point), ", ", point.customers_lost, " of them badly");
    case PainPointKind::kTrouble:
      return absl::StrCat(People(point.customers_lost), " of ", point.here->of, " in ", point.stage, " (",
                          Percent(point.here->share), ") complained, asked for help or sent something back",
                          point.touchpoint.empty() ? "" : absl::StrCat(" at ", point.touchpoint));
  }
  return "";
}

// What may hurt, and where: each kind has candidates of stages as a whole, and of their touchpoints.
class Search {
 public:
  Search(const playbook::Journey& journey, const MapCounts& counts, const MapTouchpoints& touchpoints, int min_people)
      : journey_(journey), counts_(counts), touchpoints_(touchpoints), min_people_(min_people) {}

  std::vector<PainPoint> Run() {
    for (size_t stage = 0; stage < journey_.stages.size(); ++stage) {
      LookAtStage(stage);
      for (const PlacedTouchpoint& place : touchpoints_.all()) {
        if (place.named && !place.counts->cells.empty()) LookAtCell(stage, place);
      }
    }
    KeepSureDropOffs();
    DropCovered();
    Rank();
    std::vector<PainPoint> points;
    for (Found& found : found_) {
      found.point.evidence = EvidenceOf(found.point);
      points.push_back(std::move(found.point));
    }
    return points;
  }

 private:
  struct Found {
    size_t stage = 0;
    PainPoint point;
    segmentation::RateTest test;  // of kDropOff
  };

  PainPoint& Add(PainPointKind kind, size_t stage, const std::string& touchpoint, int64_t customers) {
    found_.push_back({.stage = stage});
    PainPoint& point = found_.back().point;
    point.kind = kind;
    point.stage = journey_.stages[stage].name;
    point.touchpoint = touchpoint;
    point.customers_lost = customers;
    return point;
  }

  void AddDropOff(size_t stage, const std::string& touchpoint, int64_t lost, const segmentation::Proportion& here,
                  const segmentation::Proportion& elsewhere) {
    if (here.total < min_people_ || elsewhere.total < min_people_) return;
    PainPoint& point = Add(PainPointKind::kDropOff, stage, touchpoint, lost);
    point.severity = here.rate() - elsewhere.rate();
    point.here = ShareOf(here.hits, here.total);
    point.elsewhere = ShareOf(elsewhere.hits, elsewhere.total);
    found_.back().test = segmentation::TestEqualRates(here, elsewhere);
  }

  // Bad for sure: the whole interval is below 0.
  void AddEmotion(size_t stage, const std::string& touchpoint, const EmotionSums& sums) {
    const absl::optional<MapEmotion> emotion = EmotionFrom(sums, min_people_);
    if (!emotion.has_value() || emotion->high >= 0) return;
    PainPoint& point = Add(PainPointKind::kEmotion, stage, touchpoint, sums.unhappy);
    point.severity = -emotion->mean;
    point.emotion = emotion;
  }

  void AddTrouble(size_t stage, const std::string& touchpoint, int64_t troubled, int64_t elsewhere,
                  const EmotionSums& sums) {
    if (troubled < std::max(min_people_, 1)) return;
    PainPoint& point = Add(PainPointKind::kTrouble, stage, touchpoint, troubled);
    const int64_t present = counts_.stages[stage].present;
    point.here = ShareOf(troubled, present);
    point.elsewhere = ShareOf(elsewhere, PresentInOthers(stage));
    point.severity = point.here->share;
    point.emotion = EmotionFrom(sums, min_people_);
  }

  // Customers of each other stage.
  int64_t PresentInOthers(size_t stage) const {
    int64_t present = 0;
    for (size_t i = 0; i < journey_.stages.size(); ++i) present += i == stage ? 0 : counts_.stages[i].present;
    return present;
  }

  void LookAtStage(size_t stage) {
    const StageCounts& counts = counts_.stages[stage];
    segmentation::Proportion others;
    int64_t troubled_in_others = 0;
    for (size_t i = 0; i < journey_.stages.size(); ++i) {
      if (i == stage) continue;
      troubled_in_others += counts_.stages[i].troubled;
      if (!CanFallOrMoveOn(i)) continue;
      others.hits += counts_.stages[i].stays.dropped;
      others.total += counts_.stages[i].stays.ended;
    }
    if (CanFallOrMoveOn(stage)) AddDropOff(stage, "", counts.lost, {counts.stays.dropped, counts.stays.ended}, others);
    AddEmotion(stage, "", counts.emotion);
    AddTrouble(stage, "", counts.troubled, troubled_in_others, counts.emotion);
  }

  void LookAtCell(size_t stage, const PlacedTouchpoint& place) {
    const CellCounts& cell = place.counts->cells[stage];
    const StayCounts& all = counts_.stages[stage].stays;
    const std::string& name = place.touchpoint.touchpoint;
    AddDropOff(stage, name, cell.lost, {cell.stays.dropped, cell.stays.ended},
               {all.dropped - cell.stays.dropped, all.ended - cell.stays.ended});
    AddEmotion(stage, name, cell.emotion);
    int64_t troubled_in_others = 0;
    for (size_t i = 0; i < journey_.stages.size(); ++i) {
      troubled_in_others += i == stage ? 0 : place.counts->cells[i].troubled;
    }
    AddTrouble(stage, name, cell.troubled, troubled_in_others, cell.emotion);
  }

  // From the first stage nobody falls back, and from the last one nobody goes elsewhere: their shares say nothing.
  bool CanFallOrMoveOn(size_t stage) const { return stage > 0 && stage + 1 < journey_.stages.size(); }

  // Of the drop-offs those that are more frequent than chance would have it.
  void KeepSureDropOffs() {
    std::vector<double> p_values;
    for (const Found& found : found_) {
      if (found.point.kind == PainPointKind::kDropOff) p_values.push_back(found.test.p_value);
    }
    const std::vector<bool> discoveries = Discoveries(p_values, kFalseDiscoveryRate);
    size_t tested = 0;
    std::vector<Found> kept;
    for (Found& found : found_) {
      const bool is_drop_off = found.point.kind == PainPointKind::kDropOff;
      if (!is_drop_off || (discoveries[tested] && found.test.z > 0)) kept.push_back(std::move(found));
      tested += is_drop_off ? 1 : 0;
    }
    found_ = std::move(kept);
  }

  // A stage as a whole says nothing new where all of it happens at one of its touchpoints.
  void DropCovered() {
    std::vector<Found> kept;
    for (const Found& found : found_) {
      const bool covered =
          found.point.touchpoint.empty() && std::any_of(found_.begin(), found_.end(), [&found](const Found& other) {
            return !other.point.touchpoint.empty() && other.stage == found.stage &&
                   other.point.kind == found.point.kind && other.point.customers_lost >= found.point.customers_lost;
          });
      if (!covered) kept.push_back(found);
    }
    found_ = std::move(kept);
  }

  void Rank() {
    const auto weight = [](const PainPoint& point) {
      return static_cast<double>(point.customers_lost) * point.severity;
    };
    std::sort(found_.begin(), found_.end(), [&weight](const Found& a, const Found& b) {
      return std::make_tuple(-weight(a.point), a.stage, a.point.kind, a.point.touchpoint) <
             std::make_tuple(-weight(b.point), b.stage, b.point.kind, b.point.touchpoint);
    });
    if (found_.size() > kMaxShown) found_.resize(kMaxShown);
  }

  const playbook::Journey& journey_;
  const MapCounts& counts_;
  const MapTouchpoints& touchpoints_;
  const int min_people_;
  std::vector<Found> found_;
};

}  // namespace

std::vector<PainPoint> FindPainPoints(const playbook::Journey& journey, const MapCounts& counts,
                                      const MapTouchpoints& touchpoints, int min_people) {
  return Search(journey, counts, touchpoints, min_people).Run();
}

}  // namespace waymark::journey
