#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/journey/map.h"
#include "tests/service/journey/map_world.h"
#include "tests/service/journey/reference_map.h"

namespace waymark::journey {
namespace {

constexpr size_t kMostListed = 20;
constexpr double kNear = 2e-5;  // emotions are counted in hundred-thousandths

void ExpectShare(const MapShare& share, const MapShare& expected) {
  EXPECT_EQ(share.count, expected.count);
  EXPECT_EQ(share.of, expected.of);
  EXPECT_NEAR(share.share, expected.share, 1e-12);
  EXPECT_NEAR(share.low, expected.low, 1e-12);
  EXPECT_NEAR(share.high, expected.high, 1e-12);
}

void ExpectShare(const absl::optional<MapShare>& share, const absl::optional<MapShare>& expected) {
  ASSERT_EQ(share.has_value(), expected.has_value());
  if (share.has_value()) ExpectShare(*share, *expected);
}

void ExpectEmotion(const absl::optional<MapEmotion>& emotion, const absl::optional<MapEmotion>& expected) {
  ASSERT_EQ(emotion.has_value(), expected.has_value());
  if (!emotion.has_value()) return;
  EXPECT_EQ(emotion->people, expected->people);
  EXPECT_EQ(emotion->responses, expected->responses);
  EXPECT_NEAR(emotion->mean, expected->mean, kNear);
  EXPECT_NEAR(emotion->low, expected->low, kNear);
  EXPECT_NEAR(emotion->high, expected->high, kNear);
}

void ExpectDuration(const absl::optional<absl::Duration>& duration, const absl::optional<absl::Duration>& expected) {
  ASSERT_EQ(duration.has_value(), expected.has_value());
  if (!duration.has_value()) return;
  EXPECT_LE(absl::AbsDuration(*duration - *expected), absl::Milliseconds(1) + *expected * 0.02);
}

void ExpectScore(const absl::optional<ScoreKpi>& score, const absl::optional<ScoreKpi>& expected) {
  ASSERT_EQ(score.has_value(), expected.has_value());
  if (!score.has_value()) return;
  EXPECT_EQ(score->people, expected->people);
  EXPECT_NEAR(score->mean, expected->mean, 1e-9);
  EXPECT_NEAR(score->low, expected->low, 1e-9);
  EXPECT_NEAR(score->high, expected->high, 1e-9);
  ExpectShare(score->satisfied, expected->satisfied);
}

std::map<std::string, int64_t> ByName(const std::vector<MapEvents>& events) {
  std::map<std::string, int64_t> by_name;
  for (const MapEvents& each : events) by_name[each.event] = each.volume;
  EXPECT_EQ(by_name.size(), events.size());
  return by_name;
}

// Calls `compare` with the entries of equal keys. The map may list no more than `most`, and so not all that are
// expected.
template <typename T, typename Key, typename Compare>
void ExpectList(const std::vector<T>& list, const std::vector<T>& expected, size_t most, Key key, Compare compare) {
  EXPECT_EQ(list.size(), std::min(expected.size(), most));
  for (const T& each : list) {
    SCOPED_TRACE(absl::StrCat(key(each)));
    const auto found =
        std::find_if(expected.begin(), expected.end(), [&](const T& other) { return key(other) == key(each); });
    ASSERT_NE(found, expected.end());
    compare(each, *found);
  }
}

template <typename T, typename Key, typename Compare>
void ExpectList(const std::vector<T>& list, const std::vector<T>& expected, Key key, Compare compare) {
  ExpectList(list, expected, expected.size() + 1, key, compare);
}

void ExpectStage(const MapStage& stage, const MapStage& expected) {
  EXPECT_EQ(stage.labels, expected.labels);
  EXPECT_EQ(stage.goal, expected.goal);
  EXPECT_EQ(stage.expected_touchpoints, expected.expected_touchpoints);
  EXPECT_EQ(stage.entries, expected.entries);
  EXPECT_EQ(stage.customers, expected.customers);
  EXPECT_EQ(stage.present, expected.present);
  EXPECT_EQ(stage.standing, expected.standing);
  EXPECT_EQ(stage.volume, expected.volume);
  ExpectList(
      stage.moves, expected.moves, [](const MapMove& move) { return move.to_stage; },
      [](const MapMove& move, const MapMove& other) {
        EXPECT_EQ(move.count, other.count);
        EXPECT_NEAR(move.share, other.share, 1e-12);
      });
  ExpectShare(stage.progressed, expected.progressed);
  ExpectShare(stage.dropped, expected.dropped);
  ExpectDuration(stage.dwell_median, expected.dwell_median);
  ExpectDuration(stage.dwell_p90, expected.dwell_p90);
  ExpectDuration(stage.velocity_median, expected.velocity_median);
  ExpectEmotion(stage.emotion, expected.emotion);
  EXPECT_EQ(stage.value, expected.value);
}

void ExpectPlaces(const JourneyMap& map, const JourneyMap& expected) {
  ExpectList(
      map.stages, expected.stages, [](const MapStage& stage) { return stage.stage; }, ExpectStage);
  ExpectList(
      map.touchpoints, expected.touchpoints, [](const MapTouchpoint& touchpoint) { return touchpoint.touchpoint; },
      [](const MapTouchpoint& touchpoint, const MapTouchpoint& other) {
        EXPECT_EQ(touchpoint.channel, other.channel);
        EXPECT_EQ(touchpoint.labels, other.labels);
        EXPECT_EQ(touchpoint.undeclared, other.undeclared);
        EXPECT_EQ(touchpoint.volume, other.volume);
        EXPECT_EQ(touchpoint.customers, other.customers);
        ExpectEmotion(touchpoint.emotion, other.emotion);
      });
  ExpectList(
      map.cells, expected.cells, [](const MapCell& cell) { return cell.stage + " x " + cell.touchpoint; },
      [](const MapCell& cell, const MapCell& other) {
        EXPECT_EQ(cell.volume, other.volume);
        EXPECT_EQ(cell.customers, other.customers);
        ExpectEmotion(cell.emotion, other.emotion);
        ExpectShare(cell.progressed, other.progressed);
        EXPECT_EQ(ByName(cell.events), ByName(other.events));
        EXPECT_EQ(cell.expected, other.expected);
      });
}

void ExpectFindings(const JourneyMap& map, const JourneyMap& expected) {
  ExpectList(
      map.pain_points, expected.pain_points, kMostListed,
      [](const PainPoint& point) {
        return absl::StrCat(static_cast<int>(point.kind), " ", point.stage, " x ", point.touchpoint);
      },
      [](const PainPoint& point, const PainPoint& other) {
        EXPECT_EQ(point.customers_lost, other.customers_lost);
        EXPECT_NEAR(point.severity, other.severity, kNear);
        ExpectShare(point.here, other.here);
        ExpectShare(point.elsewhere, other.elsewhere);
        ExpectEmotion(point.emotion, other.emotion);
        EXPECT_NE(point.evidence, "");
      });
  ExpectList(
      map.opportunities, expected.opportunities, kMostListed,
      [](const Opportunity& each) { return absl::StrCat(each.stage, " x ", each.touchpoint, each.action); },
      [](const Opportunity& opportunity, const Opportunity& other) {
        ExpectShare(opportunity.with, other.with);
        ExpectShare(opportunity.without, other.without);
        EXPECT_NEAR(opportunity.gain, other.gain, 1e-12);
        EXPECT_NEAR(opportunity.p_value, other.p_value, 1e-12);
      });
}

void ExpectKpis(const JourneyKpis& kpis, const JourneyKpis& expected) {
  ASSERT_EQ(kpis.nps.has_value(), expected.nps.has_value());
  if (kpis.nps.has_value()) {
    EXPECT_NEAR(kpis.nps->score, expected.nps->score, 1e-9);
    EXPECT_NEAR(kpis.nps->low, expected.nps->low, 1e-9);
    EXPECT_NEAR(kpis.nps->high, expected.nps->high, 1e-9);
    EXPECT_EQ(kpis.nps->promoters, expected.nps->promoters);
    EXPECT_EQ(kpis.nps->passives, expected.nps->passives);
    EXPECT_EQ(kpis.nps->detractors, expected.nps->detractors);
  }
  ExpectScore(kpis.csat, expected.csat);
  ExpectScore(kpis.ces, expected.ces);
  ExpectScore(kpis.rating, expected.rating);
  ExpectList(
      kpis.reach, expected.reach, [](const StageReach& reach) { return reach.stage; },
      [](const StageReach& reach, const StageReach& other) { ExpectShare(reach.reached, other.reached); });
  ExpectShare(kpis.repeat_buyers, expected.repeat_buyers);
  ExpectShare(kpis.churned, expected.churned);
  ExpectList(
      kpis.cohorts, expected.cohorts, [](const MapCohort& cohort) { return absl::FormatTime(cohort.month); },
      [](const MapCohort& cohort, const MapCohort& other) {
        EXPECT_EQ(cohort.customers, other.customers);
        EXPECT_EQ(cohort.active, other.active);
      });
  EXPECT_EQ(kpis.revenue_micros, expected.revenue_micros);
  EXPECT_NEAR(kpis.revenue_per_customer, expected.revenue_per_customer, 1e-9);
  ASSERT_EQ(kpis.lifetime_value.has_value(), expected.lifetime_value.has_value());
  EXPECT_NEAR(kpis.lifetime_value.value_or(0), expected.lifetime_value.value_or(0), 1e-6);
  ExpectShare(kpis.onboarded, expected.onboarded);
  ExpectShare(kpis.advocates, expected.advocates);
  ExpectList(
      kpis.responses, expected.responses, [](const OfferResponse& response) { return response.action; },
      [](const OfferResponse& response, const OfferResponse& other) {
        EXPECT_EQ(response.shown, other.shown);
        EXPECT_EQ(ByName(response.outcomes), ByName(other.outcomes));
      });
}

void ExpectConformance(const Conformance& conformance, const Conformance& expected) {
  ExpectShare(conformance.followed, expected.followed);
  ExpectList(
      conformance.deviations, expected.deviations, kMostListed,
      [](const Deviation& each) { return each.from_stage + " -> " + each.actual_stage; },
      [](const Deviation& deviation, const Deviation& other) {
        EXPECT_EQ(deviation.expected_stage, other.expected_stage);
        EXPECT_EQ(deviation.customers, other.customers);
      });
  ExpectList(
      conformance.paths, expected.paths, kMostListed,
      [](const MapPath& path) { return absl::StrJoin(path.stages, ","); },
      [](const MapPath& path, const MapPath& other) {
        EXPECT_EQ(path.customers, other.customers);
        EXPECT_EQ(path.declared, other.declared);
        EXPECT_FALSE(path.longer);
      });
}

MapPeriod PeriodOf(uint64_t seed) {
  switch (seed % 5) {
    case 0:
      return {};
    case 1:
      return {.from = Day(60)};
    case 2:
      return {.until = Day(110.25)};
    case 3:
      return {.from = Day(40), .until = Day(90)};
    default:
      return {.from = Day(90.5), .until = Day(140.125)};
  }
}

TEST(MapReference, MapsEqualTheirDefinition) {
  const auto playbook = MapPlaybook();
  int pain_points = 0;
  int opportunities = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<RawCustomer> customers = RandomCustomers(seed, seed % 3 == 0 ? 8 : 60);
    const MapOptions options{.period = PeriodOf(seed), .as_of = Day(201), .min_people = seed % 2 == 0 ? 5 : 8};
    const JourneyMap map = MapOf(*playbook, customers, options);
    const JourneyMap expected = ReferenceMap(*playbook, customers, options);
    EXPECT_EQ(map.journey, expected.journey);
    EXPECT_EQ(map.playbook_version, expected.playbook_version);
    EXPECT_EQ(map.customers, expected.customers);
    EXPECT_EQ(map.incomplete_customers, expected.incomplete_customers);
    ExpectPlaces(map, expected);
    ExpectFindings(map, expected);
    ExpectKpis(map.kpis, expected.kpis);
    ExpectConformance(map.conformance, expected.conformance);
    pain_points += static_cast<int>(map.pain_points.size());
    opportunities += static_cast<int>(map.opportunities.size());
    if (HasFailure()) return;
  }
  // Otherwise nothing was compared.
  EXPECT_GT(pain_points, 100);
  EXPECT_GT(opportunities, 0);
}

TEST(MapReference, ShardsAddUpToTheSameCounts) {
  const auto playbook = MapPlaybook();
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<RawCustomer> customers = RandomCustomers(seed, 40);
    const MapPeriod period = PeriodOf(seed);
    const MapCounts whole = CountsOf(*playbook, customers, period);
    std::mt19937_64 random(seed);
    std::vector<std::vector<RawCustomer>> shards(1 + random() % 7);
    for (const RawCustomer& customer : customers) shards[random() % shards.size()].push_back(customer);
    std::vector<MapCounts> parts;
    for (const auto& shard : shards) parts.push_back(CountsOf(*playbook, shard, period));
    std::shuffle(parts.begin(), parts.end(), random);
    // One after the other, and in pairs.
    MapCounts sum;
    for (const MapCounts& part : parts) sum.Add(part);
    EXPECT_TRUE(sum == whole);
    while (parts.size() > 1) {
      parts[0].Add(parts.back());
      parts.pop_back();
      std::swap(parts[0], parts[random() % parts.size()]);
    }
    EXPECT_TRUE(parts[0] == whole);
    EXPECT_EQ(whole == MapCounts(playbook->journeys[0].stages.size()), whole.customers == 0);
  }
}

}  // namespace
}  // namespace waymark::journey
