#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>

#include "segmentation/proportions.h"
#include "service/journey/map_parts.h"
#include "service/journey/statistics.h"

namespace waymark::journey {
namespace {

constexpr size_t kMaxShown = 20;
constexpr double kFalseDiscoveryRate = 0.05;

// What was tested: stays of a stage with a touchpoint or an action, and the others.
struct Candidate {
  size_t stage = 0;
  std::string touchpoint;
  std::string action;
  segmentation::Proportion with;
  segmentation::Proportion without;
  segmentation::RateTest test;
};

// Those with enough stays on either side.
class Candidates {
 public:
  Candidates(const MapCounts& counts, int min_people) : counts_(counts), min_people_(min_people) {}

  void Add(size_t stage, std::string touchpoint, std::string action, const StayCounts& with) {
    const StayCounts& all = counts_.stages[stage].stays;
    Candidate candidate{.stage = stage, .touchpoint = std::move(touchpoint), .action = std::move(action)};
    candidate.with = {with.progressed, with.ended};
    candidate.without = {all.progressed - with.progressed, all.ended - with.ended};
    if (candidate.with.total < min_people_ || candidate.without.total < min_people_) return;
    candidate.test = segmentation::TestEqualRates(candidate.with, candidate.without);
    all_.push_back(std::move(candidate));
  }

  // Those where progress is more frequent than chance would have it, the surest first.
  std::vector<Candidate> TakeDiscoveries() {
    std::vector<double> p_values;
    for (const Candidate& candidate : all_) p_values.push_back(candidate.test.p_value);
    const std::vector<bool> discoveries = Discoveries(p_values, kFalseDiscoveryRate);
    std::vector<Candidate> found;
    for (size_t i = 0; i < all_.size(); ++i) {
      if (discoveries[i] && all_[i].test.z > 0) found.push_back(std::move(all_[i]));
    }
    std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
      return std::tie(b.test.z, a.stage, a.touchpoint, a.action) < std::tie(a.test.z, b.stage, b.touchpoint, b.action);
    });
    if (found.size() > kMaxShown) found.resize(kMaxShown);
    return found;
  }

 private:
  const MapCounts& counts_;
  const int min_people_;
  std::vector<Candidate> all_;
};

}  // namespace

std::vector<Opportunity> FindOpportunities(const playbook::Playbook& playbook, const playbook::Journey& journey,
                                           const MapCounts& counts, const MapTouchpoints& touchpoints, int min_people) {
  Candidates candidates(counts, min_people);
  // From the last stage nobody moves on.
  for (size_t stage = 0; stage + 1 < journey.stages.size(); ++stage) {
    for (const PlacedTouchpoint& place : touchpoints.all()) {
      if (!place.named || place.counts->cells.empty()) continue;
      candidates.Add(stage, place.touchpoint.touchpoint, "", place.counts->cells[stage].stays);
    }
    for (const auto& [id, action] : counts.actions) {
      const auto known = playbook.action_by_id.find(id);
      if (known == playbook.action_by_id.end()) continue;
      candidates.Add(stage, "", playbook.actions[known->second].name, action.stays[stage]);
    }
  }
  std::vector<Opportunity> opportunities;
  for (Candidate& found : candidates.TakeDiscoveries()) {
    const auto& [with, without] = std::tie(found.with, found.without);
    opportunities.push_back({.stage = StageName(journey, found.stage),
                             .touchpoint = std::move(found.touchpoint),
                             .action = std::move(found.action),
                             .with = ShareOf(with.hits, with.total),
                             .without = ShareOf(without.hits, without.total),
                             .gain = with.rate() - without.rate(),
                             .p_value = found.test.p_value});
  }
  return opportunities;
}

}  // namespace waymark::journey
