#include "tests/service/journey/reference_map.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/service/journey/reference_people.h"

namespace waymark::journey {
namespace reference {
namespace {

using segmentation::NameIdOf;
using segmentation::Proportion;

absl::optional<absl::Duration> NearestRank(std::vector<absl::Duration> durations, double share) {
  if (durations.empty()) return absl::nullopt;
  std::sort(durations.begin(), durations.end());
  const double rank = std::ceil(share * static_cast<double>(durations.size()));
  return durations[static_cast<size_t>(rank) - 1];
}

class Places : public People {
 public:
  explicit Places(const People& people) : People(people) {}

  JourneyMap Build() const {
    JourneyMap map{.journey = journey_.name, .playbook_version = playbook_.version};
    for (const Person& person : people_) {
      if (!WasThere(person)) continue;
      ++map.customers;
      const absl::Time dropped = person.raw.dropped_until;
      if (dropped != absl::InfinitePast() && dropped >= options_.period.from) ++map.incomplete_customers;
    }
    for (int stage = 0; stage < Stages(); ++stage) map.stages.push_back(StageOf(stage));
    AddTouchpoints(map);
    for (int stage = -1; stage < Stages(); ++stage) {
      for (const std::string& touchpoint : touchpoints_) AddCell(stage, touchpoint, map);
    }
    AddConformance(map.conformance);
    return map;
  }

 private:
  MapStage StageOf(int number) const {
    const playbook::Stage& stage = journey_.stages[number];
    MapStage shown{.stage = stage.name, .labels = stage.labels, .goal = stage.goal, .value = stage.value};
    for (const auto id : stage.touchpoints) shown.expected_touchpoints.push_back(playbook_.touchpoints.at(id).name);
    const auto here = [number](const Stay& stay) { return stay.stage == number; };
    const auto entered = [&](const Stay& stay) { return here(stay) && In(stay.entered); };
    shown.entries = CountStays(entered);
    shown.customers = CountPeople(entered);
    shown.present = Present(number);
    for (const Person& person : people_) {
      const Stay* standing = nullptr;
      for (const Stay& stay : person.stays) standing = stay.entered < options_.period.until ? &stay : standing;
      shown.standing += standing != nullptr && standing->stage == number ? 1 : 0;
    }
    const auto touched_here = [number](const Stay& stay, const RawTouch&) { return stay.stage == number; };
    shown.volume = CountTouches(touched_here);
    for (int to = -1; to < Stages(); ++to) {
      const Proportion moves = Ended(here, [to](const Stay& stay) { return stay.next == to; });
      if (moves.hits > 0) shown.moves.push_back({Name(to), moves.hits, moves.rate()});
    }
    shown.progressed = Share(Ended(here, [](const Stay& stay) { return stay.MovedOn(); }));
    shown.dropped = Share(Ended(here, [](const Stay& stay) { return stay.Fell(); }));
    shown.dwell_median = NearestRank(Dwells(here), 0.5);
    shown.dwell_p90 = NearestRank(Dwells(here), 0.9);
    shown.velocity_median = NearestRank(Dwells([&](const Stay& stay) { return here(stay) && stay.MovedOn(); }), 0.5);
    shown.emotion = Emotion(touched_here);
    return shown;
  }

  void AddTouchpoints(JourneyMap& map) const {
    std::set<std::string> names = touchpoints_;
    for (const playbook::Stage& stage : journey_.stages) {
      for (const auto id : stage.touchpoints) names.insert(playbook_.touchpoints.at(id).name);
    }
    for (const std::string& name : names) {
      const auto here = [&name](const Stay&, const RawTouch& touch) { return touch.touchpoint == name; };
      MapTouchpoint shown{.touchpoint = name, .channel = name.substr(0, name.find('/'))};
      const auto declared = playbook_.touchpoints.find(NameIdOf(name));
      shown.undeclared = !name.empty() && declared == playbook_.touchpoints.end();
      if (declared != playbook_.touchpoints.end()) shown.labels = declared->second.labels;
      shown.volume = CountTouches(here);
      shown.customers = CountTouchers(here);
      shown.emotion = Emotion(here);
      map.touchpoints.push_back(shown);
    }
  }

  void AddCell(int stage, const std::string& touchpoint, JourneyMap& map) const {
    const auto here = [&](const Stay& stay, const RawTouch& touch) {
      return stay.stage == stage && touch.touchpoint == touchpoint;
    };
    MapCell cell{.stage = Name(stage), .touchpoint = touchpoint, .volume = CountTouches(here)};
    if (cell.volume == 0) return;
    cell.customers = CountTouchers(here);
    cell.emotion = Emotion(here);
    cell.progressed =
        Share(Ended([&](const Stay& stay) { return stay.stage == stage && HadBeforeEnd(stay, touchpoint); },
                    [](const Stay& stay) { return stay.MovedOn(); }));
    std::map<std::string, int64_t> events;
    CountTouches([&](const Stay& stay, const RawTouch& touch) {
      if (here(stay, touch)) ++events[Known(touch.type)];
      return true;
    });
    for (const auto& [event, volume] : events) cell.events.push_back({event, volume});
    if (stage >= 0) {
      const auto& expected = journey_.stages[stage].touchpoints;
      cell.expected = std::count(expected.begin(), expected.end(), NameIdOf(touchpoint)) > 0;
    }
    map.cells.push_back(cell);
  }

  void AddConformance(Conformance& conformance) const {
    int64_t left = 0, followed = 0;
    std::map<std::pair<int, int>, int64_t> deviations;
    std::map<std::vector<int>, int64_t> paths;
    for (const Person& person : people_) {
      std::vector<int> path;
      for (const Stay& stay : person.stays) {
        if (WasThere(stay)) path.push_back(stay.stage);
      }
      if (!path.empty()) ++paths[path];
      size_t start = 0;
      while (start < person.stays.size() && !(person.stays[start].stage == 0 && In(person.stays[start].left))) ++start;
      if (start == person.stays.size()) continue;
      ++left;
      bool follows = true;
      for (size_t i = start + 1; i < person.stays.size() && follows; ++i) {
        if (person.stays[i].entered >= options_.period.until) break;
        follows = person.stays[i].stage == person.stays[i - 1].stage + 1;
        if (!follows) ++deviations[{person.stays[i - 1].stage, person.stays[i].stage}];
      }
      followed += follows ? 1 : 0;
    }
    conformance.followed = Share(followed, left);
    for (const auto& [move, customers] : deviations) {
      conformance.deviations.push_back({Name(move.first), Name(move.first + 1), Name(move.second), customers});
    }
    for (const auto& [path, customers] : paths) {
      MapPath shown{.customers = customers, .declared = path[0] >= 0};
      for (size_t i = 0; i < path.size(); ++i) {
        shown.stages.push_back(Name(path[i]));
        if (i > 0 && path[i] != path[i - 1] + 1) shown.declared = false;
      }
      conformance.paths.push_back(shown);
    }
  }
};

}  // namespace
}  // namespace reference

JourneyMap ReferenceMap(const playbook::Playbook& playbook, absl::Span<const RawCustomer> customers,
                        const MapOptions& options) {
  const reference::People people(playbook, customers, options);
  JourneyMap map = reference::Places(people).Build();
  reference::AddFindings(people, map);
  reference::AddKpis(people, map);
  return map;
}

}  // namespace waymark::journey
