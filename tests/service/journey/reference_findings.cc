#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/service/journey/reference_people.h"

namespace waymark::journey::reference {
namespace {

using segmentation::Proportion;

constexpr double kRate = 0.05;
const std::set<std::string> kTrouble = {"complaint", "contact_support", "return", "refund"};

class Findings : public People {
 public:
  explicit Findings(const People& people) : People(people) {}

  void AddTo(JourneyMap& map) const {
    AddDropOffs(map);
    AddEmotionsAndTrouble(map);
    AddOpportunities(map);
  }

 private:
  // Whether the last stay of the stage that began in time ended by falling back, and `filter` takes it.
  int64_t CountLost(int stage, const StayFilter& filter) const {
    int64_t lost = 0;
    for (const Person& person : people_) {
      const Stay* last = nullptr;
      for (const Stay& stay : person.stays) {
        if (stay.stage == stage && stay.entered < options_.period.until) last = &stay;
      }
      lost += last != nullptr && In(last->left) && last->Fell() && filter(*last) ? 1 : 0;
    }
    return lost;
  }

  bool IsInner(int stage) const { return stage > 0 && stage + 1 < Stages(); }

  void AddDropOffs(JourneyMap& map) const {
    std::vector<PainPoint> tested;
    std::vector<segmentation::RateTest> tests;
    std::vector<double> p_values;
    const auto test = [&](int stage, const std::string& touchpoint, const StayFilter& here, const StayFilter& others) {
      const auto fell = [](const Stay& stay) { return stay.Fell(); };
      const Proportion a = Ended(here, fell);
      const Proportion b = Ended(others, fell);
      if (a.total < options_.min_people || b.total < options_.min_people) return;
      tested.push_back({PainPointKind::kDropOff, Name(stage), touchpoint, CountLost(stage, here), a.rate() - b.rate(),
                        Share(a), Share(b)});
      tests.push_back(segmentation::TestEqualRates(a, b));
      p_values.push_back(tests.back().p_value);
    };
    for (int stage = 0; stage < Stages(); ++stage) {
      if (IsInner(stage)) {
        test(
            stage, "", [stage](const Stay& stay) { return stay.stage == stage; },
            [&](const Stay& stay) { return stay.stage != stage && IsInner(stay.stage); });
      }
      for (const std::string& touchpoint : touchpoints_) {
        if (touchpoint.empty()) continue;
        test(
            stage, touchpoint, [&](const Stay& stay) { return stay.stage == stage && HadBeforeEnd(stay, touchpoint); },
            [&](const Stay& stay) { return stay.stage == stage && !HadBeforeEnd(stay, touchpoint); });
      }
    }
    const std::vector<bool> found = Discoveries(p_values, kRate);
    std::vector<PainPoint> points;
    for (size_t i = 0; i < tested.size(); ++i) {
      if (found[i] && tests[i].z > 0) points.push_back(tested[i]);
    }
    Keep(points, map);
  }

  // Of stages as a whole only those whose customers are not all at one touchpoint.
  static void Keep(const std::vector<PainPoint>& points, JourneyMap& map) {
    for (const PainPoint& point : points) {
      const bool covered = std::any_of(points.begin(), points.end(), [&point](const PainPoint& other) {
        return point.touchpoint.empty() && !other.touchpoint.empty() && other.stage == point.stage &&
               other.kind == point.kind && other.customers_lost >= point.customers_lost;
      });
      if (!covered) map.pain_points.push_back(point);
    }
  }

  void AddEmotionsAndTrouble(JourneyMap& map) const {
    std::vector<PainPoint> points;
    std::vector<std::string> places(touchpoints_.begin(), touchpoints_.end());
    if (std::count(places.begin(), places.end(), "") == 0) places.emplace_back();
    for (int stage = 0; stage < Stages(); ++stage) {
      for (const std::string& place : places) {
        const auto at = [&place](const RawTouch& touch) { return place.empty() || touch.touchpoint == place; };
        const auto here = [&](const Stay& stay, const RawTouch& touch) { return stay.stage == stage && at(touch); };
        const absl::optional<MapEmotion> emotion = Emotion(here);
        if (emotion.has_value() && emotion->high < 0) {
          int64_t responses = 0;
          const std::vector<double> means = Means(here, responses);
          points.push_back({PainPointKind::kEmotion, Name(stage), place,
                            std::count_if(means.begin(), means.end(), [](double mean) { return mean < 0; }),
                            -emotion->mean});
          points.back().emotion = emotion;
        }
        const int64_t troubled = CountTouchers([&](const Stay& stay, const RawTouch& touch) {
          return here(stay, touch) && kTrouble.contains(touch.type);
        });
        if (troubled < options_.min_people) continue;
        Proportion others;
        for (int other = 0; other < Stages(); ++other) {
          if (other == stage) continue;
          others.hits += CountTouchers([&](const Stay& stay, const RawTouch& touch) {
            return stay.stage == other && at(touch) && kTrouble.contains(touch.type);
          });
          others.total += Present(other);
        }
        const MapShare share = Share(troubled, Present(stage));
        points.push_back({PainPointKind::kTrouble, Name(stage), place, troubled, share.share, share, Share(others)});
        points.back().emotion = emotion;
      }
    }
    Keep(points, map);
  }

  void AddOpportunities(JourneyMap& map) const {
    std::vector<Opportunity> tested;
    std::vector<segmentation::RateTest> tests;
    std::vector<double> p_values;
    const auto test = [&](int stage, const std::string& touchpoint, const std::string& action, const StayFilter& has) {
      const auto moved_on = [](const Stay& stay) { return stay.MovedOn(); };
      const Proportion a = Ended([&](const Stay& stay) { return stay.stage == stage && has(stay); }, moved_on);
      const Proportion b = Ended([&](const Stay& stay) { return stay.stage == stage && !has(stay); }, moved_on);
      if (a.total < options_.min_people || b.total < options_.min_people) return;
      tests.push_back(segmentation::TestEqualRates(a, b));
      p_values.push_back(tests.back().p_value);
      tested.push_back(
          {Name(stage), touchpoint, action, Share(a), Share(b), a.rate() - b.rate(), tests.back().p_value});
    };
    for (int stage = 0; stage + 1 < Stages(); ++stage) {
      for (const std::string& touchpoint : touchpoints_) {
        if (touchpoint.empty()) continue;
        test(stage, touchpoint, "", [&](const Stay& stay) { return HadBeforeEnd(stay, touchpoint); });
      }
      for (const std::string action : {"voucher", "tips"}) {
        test(stage, "", action, [&](const Stay& stay) {
          const auto shown = [&](const auto& seen) { return seen.action == action && seen.at < stay.left; };
          return std::any_of(stay.touches.begin(), stay.touches.end(), shown) ||
                 std::any_of(stay.contacts.begin(), stay.contacts.end(), shown);
        });
      }
    }
    const std::vector<bool> found = Discoveries(p_values, kRate);
    for (size_t i = 0; i < tested.size(); ++i) {
      if (found[i] && tests[i].z > 0) map.opportunities.push_back(tested[i]);
    }
  }
};

}  // namespace

void AddFindings(const People& people, JourneyMap& map) { Findings(people).AddTo(map); }

}  // namespace waymark::journey::reference
