#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "absl/time/civil_time.h"
#include "service/journey/map_parts.h"
#include "service/journey/map_period.h"
#include "service/journey/statistics.h"

namespace waymark::journey {
namespace {

constexpr size_t kMaxResponses = 50;
constexpr int32_t kCohorts = CohortCounts::kMonths;

absl::optional<NpsKpi> NpsOf(const KpiCounts& counts, int min_people) {
  const int64_t people = counts.promoters + counts.passives + counts.detractors;
  if (people == 0 || people < min_people) return absl::nullopt;
  const Estimate score = NetPromoterScore(counts.promoters, counts.passives, counts.detractors);
  return NpsKpi{.score = 100 * score.value,
                .low = std::max(100 * score.low, -100.0),
                .high = std::min(100 * score.high, 100.0),
                .promoters = counts.promoters,
                .passives = counts.passives,
                .detractors = counts.detractors};
}

// Scores are from 1 to `most`.
absl::optional<ScoreKpi> ScoreOf(const ScoreSums& sums, double most, int min_people) {
  if (sums.people == 0 || sums.people < min_people) return absl::nullopt;
  const Estimate mean = MeanOf(sums.people, sums.sum, sums.squares);
  return ScoreKpi{.mean = mean.value / 100,
                  .low = std::max(mean.low / 100, 1.0),
                  .high = std::min(mean.high / 100, most),
                  .satisfied = ShareOf(sums.satisfied, sums.people),
                  .people = sums.people};
}

std::vector<StageReach> ReachOf(const playbook::Journey& journey, const MapCounts& counts) {
  int64_t reached = 0;
  for (const int64_t customers : counts.furthest) reached += customers;
  const int64_t all = reached;
  std::vector<StageReach> reach;
  for (size_t i = 0; i < journey.stages.size(); ++i) {
    reach.push_back({journey.stages[i].name, ShareOf(reached, all)});
    reached -= counts.furthest[i];
  }
  return reach;
}

std::vector<MapCohort> CohortsOf(const KpiCounts& counts, const MapOptions& options) {
  const int32_t last_month = MonthOf(DaysOf({.until = std::min(options.period.until, options.as_of)}).last);
  std::vector<MapCohort> cohorts;
  for (const auto& [month, cohort] : counts.cohorts) {
    const int32_t later = last_month - month;
    if (later < 0 || later >= kCohorts) continue;
    cohorts.push_back({absl::FromCivil(absl::CivilMonth(1970, 1) + month, absl::UTCTimeZone()),
                       cohort.customers,
                       {cohort.active.begin(), cohort.active.begin() + later}});
  }
  return cohorts;
}

// Actions that the playbook does not have any more are one.
std::vector<OfferResponse> ResponsesOf(const playbook::Playbook& playbook, const MapCounts& counts) {
  std::map<std::string, ActionCounts> by_name;
  for (const auto& [action, sums] : counts.actions) by_name[std::string(playbook::NameOf(playbook, action))].Add(sums);
  std::vector<OfferResponse> responses;
  responses.reserve(by_name.size());
  for (const auto& [name, sums] : by_name) responses.push_back({name, sums.shown, EventsOf(playbook, sums.outcomes)});
  std::stable_sort(responses.begin(), responses.end(),
                   [](const OfferResponse& a, const OfferResponse& b) { return a.shown > b.shown; });
  if (responses.size() > kMaxResponses) responses.resize(kMaxResponses);
  return responses;
}

}  // namespace

JourneyKpis BuildKpis(const playbook::Playbook& playbook, const playbook::Journey& journey, const MapCounts& counts,
                      const MapOptions& options) {
  const KpiCounts& sums = counts.kpis;
  JourneyKpis kpis;
  kpis.nps = NpsOf(sums, options.min_people);
  kpis.csat = ScoreOf(sums.csat, 5, options.min_people);
  kpis.ces = ScoreOf(sums.ces, 7, options.min_people);
  kpis.rating = ScoreOf(sums.rating, 5, options.min_people);
  kpis.reach = ReachOf(journey, counts);
  kpis.repeat_buyers = ShareOf(sums.repeat_buyers, sums.buyers);
  if (DaysBefore(options.period).has_value()) kpis.churned = ShareOf(sums.churned, sums.earlier_buyers);
  kpis.cohorts = CohortsOf(sums, options);
  kpis.revenue_micros = sums.revenue_micros;
  if (counts.customers > 0) {
    kpis.revenue_per_customer = static_cast<double>(sums.revenue_micros) / 1e6 / static_cast<double>(counts.customers);
  }
  if (sums.lifetime_values > 0) {
    kpis.lifetime_value =
        static_cast<double>(sums.lifetime_value_micros) / 1e6 / static_cast<double>(sums.lifetime_values);
  }
  kpis.onboarded = ShareOf(sums.onboarded, sums.first_time_buyers);
  kpis.advocates = ShareOf(sums.advocates, sums.buyers);
  kpis.responses = ResponsesOf(playbook, counts);
  return kpis;
}

}  // namespace waymark::journey
