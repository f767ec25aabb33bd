#include "service/journey/map_counter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include "segmentation/scores.h"

namespace waymark::journey {
namespace {

using segmentation::Contact;
using segmentation::NameId;
using segmentation::NameIdOf;
using segmentation::Touch;
using segmentation::Trail;

const NameId kNps = NameIdOf("nps");
const NameId kCsat = NameIdOf("csat");
const NameId kCes = NameIdOf("ces");
const NameId kRating = NameIdOf("rate_product");
const NameId kImpression = NameIdOf("impression");

constexpr int64_t kOne = 1'000'000;  // micros

// Types that tell of trouble: the built-in ones, and those that the playbook's personas look at.
absl::flat_hash_set<NameId> TroubleTypes(const playbook::Playbook& playbook) {
  absl::flat_hash_set<NameId> types;
  for (const char* type : {"complaint", "contact_support", "return", "refund"}) types.insert(NameIdOf(type));
  for (const auto& pain_point : playbook.population_spec.pain_points) types.insert(pain_point.id);
  return types;
}

// The end of the run of equal keys that begins at `begin`.
template <typename T, typename Key>
size_t EndOfRun(const std::vector<T>& sorted, size_t begin, Key key) {
  size_t end = begin + 1;
  while (end < sorted.size() && key(sorted[end]) == key(sorted[begin])) ++end;
  return end;
}

int64_t DivideRounded(int64_t sum, int64_t count) {
  return sum >= 0 ? (sum + count / 2) / count : -((-sum + count / 2) / count);
}

// The text of a touchpoint that the playbook does not declare; empty where the trail lost it.
absl::string_view TextOf(NameId touchpoint, const Trail& trail) {
  const auto it = std::lower_bound(trail.names.begin(), trail.names.end(), touchpoint,
                                   [](const Trail::Name& name, NameId sought) { return name.touchpoint < sought; });
  return it != trail.names.end() && it->touchpoint == touchpoint ? it->text : absl::string_view();
}

void CountScore(bool given, int64_t value_micros, int64_t satisfied_from, ScoreSums& sums) {
  if (!given) return;
  const int64_t hundredths = DivideRounded(value_micros, kOne / 100);
  ++sums.people;
  sums.sum += hundredths;
  sums.squares += hundredths * hundredths;
  sums.satisfied += value_micros >= satisfied_from ? 1 : 0;
}

}  // namespace

void MapCounter::Feelings::Add(const Feelings& other) {
  sum += other.sum;
  responses += other.responses;
}

void MapCounter::Feelings::CountIn(EmotionSums& sums) const {
  if (responses == 0) return;
  const int64_t mean = DivideRounded(sum, responses);
  ++sums.people;
  sums.responses += responses;
  sums.sum += mean;
  sums.squares += mean * mean;
  sums.unhappy += mean < 0 ? 1 : 0;
}

StayCounts MapCounter::Stays::Of(VisitMask visits) const {
  return {.ended = std::popcount(visits & ended),
          .progressed = std::popcount(visits & progressed),
          .dropped = std::popcount(visits & dropped)};
}

MapCounter::MapCounter(const playbook::Playbook& playbook, int journey, const MapPeriod& period)
    : playbook_(playbook),
      journey_(playbook.journeys[journey]),
      period_(period),
      orders_(playbook.population_spec.purchase == NameId{} ? NameIdOf("purchase") : playbook.population_spec.purchase,
              period),
      trouble_(TroubleTypes(playbook)) {}

size_t MapCounter::StageOf(const Visit& visit) const {
  return visit.stage == playbook::kNone ? journey_.stages.size() : static_cast<size_t>(visit.stage);
}

void MapCounter::Add(const MapCustomer& customer, MapCounts& counts) {
  visits_ = VisitsOf(journey_, customer.position, customer.profile.trail);
  if (visits_.size() > kMaxVisits) visits_.erase(visits_.begin(), visits_.end() - kMaxVisits);
  stays_.assign(counts.stages.size(), {});
  seen_.clear();
  actions_.clear();
  nps_ = csat_ = ces_ = rating_ = {};
  CollectVisits(counts);
  CollectContacts(customer.profile);
  CountTouchpoints(customer.profile.trail, counts);
  CountActions(counts);
  CountStages(counts);
  CountRoad(counts);
  CountScores(counts.kpis);
  orders_.Add(customer.profile, visits_, rating_.given && rating_.value_micros >= 4 * kOne, counts.kpis);
  if (customer.lifetime_value.has_value()) {
    ++counts.kpis.lifetime_values;
    counts.kpis.lifetime_value_micros += std::llround(*customer.lifetime_value * 1e6);
  }
  if (road_.empty()) return;
  ++counts.customers;
  const absl::Time whole_from = WholeFrom(customer.position, customer.profile.trail);
  if (whole_from != absl::InfinitePast() && whole_from >= period_.from) ++counts.incomplete_customers;
}

// Where the customer was, and what happened there; counts how long ended stays took, and what came next.
void MapCounter::CollectVisits(MapCounts& counts) {
  road_.clear();
  for (size_t i = 0; i < visits_.size(); ++i) {
    const Visit& visit = visits_[i];
    const size_t stage = StageOf(visit);
    const size_t touches = seen_.size();
    for (const Touch& touch : visit.touches) {
      if (period_.Has(touch.at)) CollectTouch(touch, i);
    }
    Stays& stays = stays_[stage];
    const bool begun = visit.entered < period_.until;
    if ((begun && visit.left >= period_.from) || seen_.size() > touches) {
      stays.present = true;
      road_.push_back(stage);
    }
    if (!begun) continue;
    stays.lost = 0;
    if (visit.left >= period_.until) ++counts.stages[stage].standing;
    if (period_.Has(visit.entered)) {
      stays.entered = true;
      ++counts.stages[stage].entries;
    }
    if (period_.Has(visit.left)) CollectEnd(i, counts.stages[stage]);
  }
}

void MapCounter::CollectTouch(const Touch& touch, size_t visit) {
  const auto stage = static_cast<uint8_t>(StageOf(visits_[visit]));
  const VisitMask before = touch.at < visits_[visit].left ? VisitMask{1} << visit : 0;
  const absl::optional<double> emotion = segmentation::EmotionOf(touch);
  seen_.push_back({touch.touchpoint, touch.type, stage, before, emotion.has_value(),
                   static_cast<int32_t>(std::lround(emotion.value_or(0) * EmotionSums::kUnit))});
  if (touch.action != NameId{}) actions_.push_back({touch.action, touch.type, stage, before});
  if (touch.type == kNps) nps_ = {true, touch.value_micros};
  if (touch.type == kCsat) csat_ = {true, touch.value_micros};
  if (touch.type == kCes) ces_ = {true, touch.value_micros};
  if (touch.type == kRating) rating_ = {true, touch.value_micros};
}

void MapCounter::CollectEnd(size_t visit, StageCounts& counts) {
  const Visit& ended = visits_[visit];
  const Visit& next = visits_[visit + 1];
  const VisitMask bit = VisitMask{1} << visit;
  Stays& stays = stays_[StageOf(ended)];
  stays.ended |= bit;
  ++counts.moves[StageOf(next)];
  counts.dwell.Add(ended.left - ended.entered);
  if (ended.stage == playbook::kNone || next.stage == playbook::kNone) return;
  if (next.stage > ended.stage) {
    stays.progressed |= bit;
    counts.velocity.Add(ended.left - ended.entered);
  } else if (next.stage < ended.stage) {
    stays.dropped |= bit;
    stays.lost = bit;
  }
}

void MapCounter::CollectContacts(const segmentation::Profile& profile) {
  size_t visit = 0;
  for (const Contact& contact : profile.contacts) {
    if (contact.channel == NameId{} || !period_.Has(contact.at)) continue;
    while (contact.at > visits_[visit].left) ++visit;
    const VisitMask before = contact.at < visits_[visit].left ? VisitMask{1} << visit : 0;
    actions_.push_back({contact.action, NameId{}, static_cast<uint8_t>(StageOf(visits_[visit])), before});
  }
}

void MapCounter::CountTouchpoints(const Trail& trail, MapCounts& counts) {
  std::sort(seen_.begin(), seen_.end(), [](const Seen& a, const Seen& b) {
    return std::tie(a.touchpoint, a.stage, a.type) < std::tie(b.touchpoint, b.stage, b.type);
  });
  for (size_t begin = 0; begin < seen_.size();) {
    const NameId id = seen_[begin].touchpoint;
    TouchpointCounts& touchpoint = id == NameId{} || playbook_.touchpoints.contains(id)
                                       ? counts.Declared(id)
                                       : counts.Undeclared(id, TextOf(id, trail));
    ++touchpoint.customers;
    Feelings feelings;
    const size_t end = EndOfRun(seen_, begin, [](const Seen& seen) { return seen.touchpoint; });
    while (begin < end) {
      const size_t stage = seen_[begin].stage;
      const size_t cell_end =
          EndOfRun(seen_, begin, [](const Seen& seen) { return std::make_pair(seen.touchpoint, seen.stage); });
      feelings.Add(CountCell(begin, cell_end, touchpoint.cells[stage]));
      begin = cell_end;
    }
    feelings.CountIn(touchpoint.emotion);
  }
}

// `begin` to `end` of seen_ are of one touchpoint and stage.
MapCounter::Feelings MapCounter::CountCell(size_t begin, size_t end, CellCounts& cell) {
  Stays& stays = stays_[seen_[begin].stage];
  stays.volume += static_cast<int64_t>(end - begin);
  Feelings feelings;
  VisitMask before = 0;
  bool troubled = false;
  for (size_t i = begin; i < end;) {
    const size_t type_end = std::min(end, EndOfRun(seen_, i, [](const Seen& seen) { return seen.type; }));
    AddTo(cell.events, seen_[i].type, static_cast<int64_t>(type_end - i));
    troubled = troubled || trouble_.contains(seen_[i].type);
    for (; i < type_end; ++i) {
      before |= seen_[i].before;
      if (seen_[i].has_emotion) feelings.Add({seen_[i].emotion, 1});
    }
  }
  ++cell.customers;
  cell.troubled += troubled ? 1 : 0;
  cell.lost += (before & stays.lost) != 0 ? 1 : 0;
  cell.stays.Add(stays.Of(before));
  feelings.CountIn(cell.emotion);
  stays.troubled = stays.troubled || troubled;
  stays.feelings.Add(feelings);
  return feelings;
}

void MapCounter::CountActions(MapCounts& counts) {
  std::sort(actions_.begin(), actions_.end(), [](const SeenAction& a, const SeenAction& b) {
    return std::tie(a.action, a.stage, a.type) < std::tie(b.action, b.stage, b.type);
  });
  for (size_t begin = 0; begin < actions_.size();) {
    ActionCounts& action = counts.Action(actions_[begin].action);
    const size_t end = EndOfRun(actions_, begin, [](const SeenAction& seen) { return seen.action; });
    int64_t contacts = 0;
    int64_t impressions = 0;
    while (begin < end) {
      const size_t stage = actions_[begin].stage;
      VisitMask before = 0;
      for (; begin < end && actions_[begin].stage == stage; ++begin) {
        const SeenAction& seen = actions_[begin];
        before |= seen.before;
        contacts += seen.type == NameId{} ? 1 : 0;
        impressions += seen.type == kImpression ? 1 : 0;
        if (seen.type != NameId{}) AddTo(action.outcomes, seen.type, 1);
      }
      action.stays[stage].Add(stays_[stage].Of(before));
    }
    action.shown += std::max(contacts, impressions);
  }
}

void MapCounter::CountStages(MapCounts& counts) const {
  for (size_t i = 0; i < stays_.size(); ++i) {
    const Stays& stays = stays_[i];
    if (!stays.present) continue;
    StageCounts& stage = counts.stages[i];
    ++stage.present;
    stage.customers += stays.entered ? 1 : 0;
    stage.volume += stays.volume;
    stage.lost += stays.lost != 0 ? 1 : 0;
    stage.troubled += stays.troubled ? 1 : 0;
    stage.stays.Add(stays.Of(~VisitMask{0}));
    stays.feelings.CountIn(stage.emotion);
  }
}

void MapCounter::CountRoad(MapCounts& counts) const {
  if (road_.empty()) return;
  counts.AddPath(KeyOf(road_), 1);
  const size_t unknown = journey_.stages.size();
  size_t furthest = unknown;
  for (const size_t stage : road_) {
    if (stage != unknown && (furthest == unknown || stage > furthest)) furthest = stage;
  }
  if (furthest != unknown) ++counts.furthest[furthest];
  CountConformance(counts);
}

// From the first time that the customer left the first stage within the period.
void MapCounter::CountConformance(MapCounts& counts) const {
  const auto start = std::find_if(visits_.begin(), visits_.end(),
                                  [this](const Visit& visit) { return visit.stage == 0 && period_.Has(visit.left); });
  if (start == visits_.end()) return;
  ++counts.left_first;
  for (auto visit = start; visit + 1 != visits_.end() && (visit + 1)->entered < period_.until; ++visit) {
    if ((visit + 1)->stage == visit->stage + 1) continue;
    ++counts.deviations[StageOf(*visit) * counts.stages.size() + StageOf(*(visit + 1))];
    return;
  }
  ++counts.followed;
}

void MapCounter::CountScores(KpiCounts& counts) const {
  if (nps_.given) {
    if (nps_.value_micros >= 9 * kOne) {
      ++counts.promoters;
    } else if (nps_.value_micros >= 7 * kOne) {
      ++counts.passives;
    } else {
      ++counts.detractors;
    }
  }
  CountScore(csat_.given, csat_.value_micros, 4 * kOne, counts.csat);
  CountScore(ces_.given, ces_.value_micros, 5 * kOne, counts.ces);
  CountScore(rating_.given, rating_.value_micros, 4 * kOne, counts.rating);
}

}  // namespace waymark::journey
