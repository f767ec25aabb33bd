#include "tests/service/journey/reference_map.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "segmentation/proportions.h"
#include "segmentation/scores.h"
#include "service/journey/statistics.h"

namespace waymark::journey {
namespace {

using segmentation::NameIdOf;
using segmentation::Proportion;

constexpr double kRate = 0.05;
const std::set<std::string> kTrouble = {"complaint", "contact_support", "return", "refund"};

// Stages by number; -1: one that the playbook does not have.
struct Stay {
  int stage = -1;
  int next = -2;  // -2: still there
  absl::Time entered;
  absl::Time left = absl::InfiniteFuture();
  std::vector<RawTouch> touches;  // of the period
  std::vector<RawContact> contacts;

  bool Fell() const { return next >= 0 && stage >= 0 && next < stage; }
  bool MovedOn() const { return next >= 0 && stage >= 0 && next > stage; }
};

struct Person {
  RawCustomer raw;
  std::vector<Stay> stays;
};

using TouchFilter = std::function<bool(const Stay&, const RawTouch&)>;
using StayFilter = std::function<bool(const Stay&)>;

MapShare Share(int64_t count, int64_t of) {
  const segmentation::Interval interval = segmentation::WilsonInterval({count, of});
  return {count, of, of == 0 ? 0 : static_cast<double>(count) / static_cast<double>(of), interval.low, interval.high};
}

MapShare Share(const Proportion& proportion) { return Share(proportion.hits, proportion.total); }

int DayNumber(absl::Time time) {
  return static_cast<int>(std::floor(absl::ToDoubleSeconds(time - absl::UnixEpoch()) / 86400));
}

int MonthNumber(absl::Time time) {
  const absl::CivilMonth month = absl::ToCivilMonth(time, absl::UTCTimeZone());
  return static_cast<int>(month.year() - 1970) * 12 + month.month() - 1;
}

class Reference {
 public:
  Reference(const playbook::Playbook& playbook, absl::Span<const RawCustomer> customers, const MapOptions& options)
      : playbook_(playbook), journey_(playbook.journeys[0]), options_(options) {
    for (const RawCustomer& customer : customers) people_.push_back(PersonOf(customer));
    for (const Person& person : people_) {
      for (const Stay& stay : person.stays) {
        for (const RawTouch& touch : stay.touches) touchpoints_.insert(touch.touchpoint);
      }
    }
  }

  JourneyMap Build() {
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
    AddDropOffs(map);
    AddEmotionsAndTrouble(map);
    AddOpportunities(map);
    AddScores(map.kpis);
    AddOrders(map);
    AddResponses(map.kpis);
    AddReach(map.kpis);
    AddConformance(map.conformance);
    return map;
  }

 private:
  bool In(absl::Time time) const { return options_.period.from <= time && time < options_.period.until; }
  int Stages() const { return static_cast<int>(journey_.stages.size()); }
  std::string Name(int stage) const {
    return stage >= 0 && stage < Stages() ? journey_.stages[stage].name : std::string();
  }
  std::string Known(const std::string& name) const {
    return playbook_.names.contains(NameIdOf(name)) ? name : "unknown";
  }

  Person PersonOf(const RawCustomer& raw) const {
    Person person{.raw = raw};
    for (const RawStay& stay : raw.stays) {
      int number = -1;
      for (int i = 0; i < Stages(); ++i) number = journey_.stages[i].name == stay.stage ? i : number;
      if (!person.stays.empty()) {
        person.stays.back().next = number;
        person.stays.back().left = stay.entered;
      }
      person.stays.push_back({.stage = number, .entered = stay.entered});
    }
    const auto stay_at = [&person](absl::Time at) {
      size_t found = 0;
      for (size_t i = 1; i < person.stays.size(); ++i) found = person.stays[i].entered < at ? i : found;
      return &person.stays[found];
    };
    for (const RawTouch& touch : raw.touches) {
      if (In(touch.at)) stay_at(touch.at)->touches.push_back(touch);
    }
    for (const RawContact& contact : raw.contacts) {
      if (In(contact.at)) stay_at(contact.at)->contacts.push_back(contact);
    }
    return person;
  }

  bool WasThere(const Stay& stay) const {
    return (stay.entered < options_.period.until && stay.left >= options_.period.from) || !stay.touches.empty();
  }
  bool WasThere(const Person& person) const {
    return std::any_of(person.stays.begin(), person.stays.end(), [this](const Stay& stay) { return WasThere(stay); });
  }

  int64_t CountStays(const StayFilter& filter) const {
    int64_t count = 0;
    for (const Person& person : people_) count += std::count_if(person.stays.begin(), person.stays.end(), filter);
    return count;
  }
  int64_t CountPeople(const StayFilter& filter) const {
    int64_t count = 0;
    for (const Person& person : people_) {
      count += std::any_of(person.stays.begin(), person.stays.end(), filter) ? 1 : 0;
    }
    return count;
  }
  int64_t CountTouches(const TouchFilter& filter) const {
    int64_t count = 0;
    for (const Person& person : people_) {
      for (const Stay& stay : person.stays) {
        for (const RawTouch& touch : stay.touches) count += filter(stay, touch) ? 1 : 0;
      }
    }
    return count;
  }
  int64_t CountTouchers(const TouchFilter& filter) const {
    return CountPeople([&filter](const Stay& stay) {
      return std::any_of(stay.touches.begin(), stay.touches.end(),
                         [&](const RawTouch& touch) { return filter(stay, touch); });
    });
  }
  // Of the ended stays of the filter: how many `hit`.
  Proportion Ended(const StayFilter& filter, const StayFilter& hit) const {
    const auto ended = [&](const Stay& stay) { return In(stay.left) && filter(stay); };
    return {CountStays([&](const Stay& stay) { return ended(stay) && hit(stay); }), CountStays(ended)};
  }

  std::vector<double> Means(const TouchFilter& filter, int64_t& responses) const {
    std::vector<double> means;
    responses = 0;
    for (const Person& person : people_) {
      double sum = 0;
      int64_t count = 0;
      for (const Stay& stay : person.stays) {
        for (const RawTouch& touch : stay.touches) {
          segmentation::Touch felt{.type = NameIdOf(touch.type), .value_micros = touch.value_micros};
          felt.sentiment = touch.sentiment;
          const absl::optional<double> emotion = segmentation::EmotionOf(felt);
          if (!filter(stay, touch) || !emotion.has_value()) continue;
          sum += *emotion;
          ++count;
        }
      }
      responses += count;
      if (count > 0) means.push_back(sum / static_cast<double>(count));
    }
    return means;
  }

  absl::optional<MapEmotion> Emotion(const TouchFilter& filter) const {
    MapEmotion emotion;
    const std::vector<double> means = Means(filter, emotion.responses);
    emotion.people = static_cast<int64_t>(means.size());
    if (emotion.people < options_.min_people) return absl::nullopt;
    const auto n = static_cast<double>(means.size());
    for (double mean : means) emotion.mean += mean / n;
    double variance = 0;
    for (double mean : means) variance += (mean - emotion.mean) * (mean - emotion.mean) / (n - 1);
    const double half = StudentT975(emotion.people - 1) * std::sqrt(variance / n);
    emotion.low = std::max(-1.0, emotion.mean - half);
    emotion.high = std::min(1.0, emotion.mean + half);
    return emotion;
  }

  static absl::optional<absl::Duration> NearestRank(std::vector<absl::Duration> durations, double share) {
    if (durations.empty()) return absl::nullopt;
    std::sort(durations.begin(), durations.end());
    const double rank = std::ceil(share * static_cast<double>(durations.size()));
    return durations[static_cast<size_t>(rank) - 1];
  }

  std::vector<absl::Duration> Dwells(const StayFilter& filter) const {
    std::vector<absl::Duration> dwells;
    for (const Person& person : people_) {
      for (const Stay& stay : person.stays) {
        if (In(stay.left) && filter(stay)) dwells.push_back(stay.left - stay.entered);
      }
    }
    return dwells;
  }

  MapStage StageOf(int number) const {
    const playbook::Stage& stage = journey_.stages[number];
    MapStage shown{.stage = stage.name, .labels = stage.labels, .goal = stage.goal, .value = stage.value};
    for (const auto id : stage.touchpoints) shown.expected_touchpoints.push_back(playbook_.touchpoints.at(id).name);
    const auto here = [number](const Stay& stay) { return stay.stage == number; };
    const auto entered = [&](const Stay& stay) { return here(stay) && In(stay.entered); };
    shown.entries = CountStays(entered);
    shown.customers = CountPeople(entered);
    shown.present = CountPeople([&](const Stay& stay) { return here(stay) && WasThere(stay); });
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

  static bool HadBeforeEnd(const Stay& stay, const std::string& touchpoint) {
    return std::any_of(stay.touches.begin(), stay.touches.end(),
                       [&](const RawTouch& touch) { return touch.touchpoint == touchpoint && touch.at < stay.left; });
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
          others.total += StageOf(other).present;
        }
        const MapShare share = Share(troubled, StageOf(stage).present);
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

  // Each customer's newest answer of the period, whole units.
  std::vector<double> Answers(const std::string& type) const {
    std::vector<double> answers;
    for (const Person& person : people_) {
      absl::optional<double> newest;
      for (const RawTouch& touch : person.raw.touches) {
        if (touch.type == type && In(touch.at)) newest = static_cast<double>(touch.value_micros) / 1e6;
      }
      if (newest.has_value()) answers.push_back(*newest);
    }
    return answers;
  }

  absl::optional<ScoreKpi> Score(const std::string& type, double good, double most) const {
    const std::vector<double> answers = Answers(type);
    if (static_cast<int>(answers.size()) < options_.min_people) return absl::nullopt;
    ScoreKpi score{.people = static_cast<int64_t>(answers.size())};
    const auto n = static_cast<double>(answers.size());
    for (double answer : answers) score.mean += answer / n;
    double variance = 0;
    for (double answer : answers) variance += (answer - score.mean) * (answer - score.mean) / (n - 1);
    const double half = StudentT975(score.people - 1) * std::sqrt(variance / n);
    score.low = std::max(1.0, score.mean - half);
    score.high = std::min(most, score.mean + half);
    score.satisfied = Share(
        std::count_if(answers.begin(), answers.end(), [good](double answer) { return answer >= good; }), score.people);
    return score;
  }

  void AddScores(JourneyKpis& kpis) const {
    kpis.csat = Score("csat", 4, 5);
    kpis.ces = Score("ces", 5, 7);
    kpis.rating = Score("rate_product", 4, 5);
    const std::vector<double> answers = Answers("nps");
    if (static_cast<int>(answers.size()) < options_.min_people) return;
    NpsKpi nps;
    for (double answer : answers) ++(answer > 8.5 ? nps.promoters : answer > 6.5 ? nps.passives : nps.detractors);
    // A mean of 1, 0 and -1.
    const auto n = static_cast<double>(answers.size());
    const double mean = static_cast<double>(nps.promoters - nps.detractors) / n;
    double variance = 0;
    variance += static_cast<double>(nps.promoters) * (1 - mean) * (1 - mean) / n;
    variance += static_cast<double>(nps.passives) * mean * mean / n;
    variance += static_cast<double>(nps.detractors) * (1 + mean) * (1 + mean) / n;
    const double half = 1.959963984540054 * std::sqrt(variance / n);
    nps.score = 100 * mean;
    nps.low = std::max(-100.0, 100 * (mean - half));
    nps.high = std::min(100.0, 100 * (mean + half));
    kpis.nps = nps;
  }

  void AddOrders(JourneyMap& map) const {
    const MapPeriod& period = options_.period;
    const bool has_from = period.from != absl::InfinitePast();
    const bool has_until = period.until != absl::InfiniteFuture();
    const int first = has_from ? DayNumber(period.from) : -1'000'000;
    const int last = has_until ? DayNumber(period.until - absl::Milliseconds(1)) : 1'000'000;
    int64_t buyers = 0, repeat = 0, first_time = 0, onboarded = 0, advocates = 0, earlier = 0, churned = 0;
    std::map<int, MapCohort> cohorts;
    const int last_month = MonthNumber(std::min(period.until, options_.as_of) - absl::Milliseconds(1));
    double lifetime_values = 0, lifetime_value = 0;
    for (const Person& person : people_) {
      if (person.raw.lifetime_value.has_value()) {
        ++lifetime_values;
        lifetime_value += *person.raw.lifetime_value;
      }
      const auto& touches = person.raw.touches;
      const auto any = [&](const std::set<std::string>& types, int from, int to) {
        return std::any_of(touches.begin(), touches.end(), [&](const RawTouch& touch) {
          return types.contains(touch.type) && from <= DayNumber(touch.at) && DayNumber(touch.at) <= to;
        });
      };
      const bool bought = any({"purchase"}, first, last);
      if (has_from && has_until && any({"purchase"}, first - (last - first + 1), first - 1)) {
        ++earlier;
        churned += bought ? 0 : 1;
      }
      if (!bought) continue;
      ++buyers;
      int orders = 0;
      absl::optional<absl::Time> first_order;
      std::set<int> months;
      for (const RawTouch& touch : touches) {
        if (touch.type != "purchase" || DayNumber(touch.at) > last) continue;
        ++orders;
        if (!first_order.has_value()) first_order = touch.at;
        months.insert(MonthNumber(touch.at));
        if (DayNumber(touch.at) >= first) map.kpis.revenue_micros += touch.value_micros;
      }
      repeat += orders > 1 ? 1 : 0;
      const std::vector<RawTouch> ratings = [&] {
        std::vector<RawTouch> found;
        for (const RawTouch& touch : touches) {
          if (touch.type == "rate_product" && In(touch.at)) found.push_back(touch);
        }
        return found;
      }();
      const bool stars = !ratings.empty() && ratings.back().value_micros >= 4'000'000;
      advocates += stars || any({"share", "refer_friend"}, first, last) ? 1 : 0;
      if (DayNumber(*first_order) < first) continue;
      ++first_time;
      onboarded += any({"use_product"}, DayNumber(*first_order), last) || MovedOnAfter(person, *first_order) ? 1 : 0;
      const int month = MonthNumber(*first_order);
      if (month > last_month || month < last_month - 11) continue;
      MapCohort& cohort = cohorts[month];
      cohort.month = absl::FromCivil(absl::CivilMonth(1970 + month / 12, 1 + month % 12), absl::UTCTimeZone());
      cohort.active.resize(last_month - month);
      ++cohort.customers;
      for (int later = 1; later <= last_month - month; ++later) {
        cohort.active[later - 1] += months.contains(month + later) ? 1 : 0;
      }
    }
    map.kpis.repeat_buyers = Share(repeat, buyers);
    if (has_from && has_until && last - first + 1 <= 200 && last >= first) map.kpis.churned = Share(churned, earlier);
    for (const auto& [month, cohort] : cohorts) map.kpis.cohorts.push_back(cohort);
    if (map.customers > 0) {
      map.kpis.revenue_per_customer =
          static_cast<double>(map.kpis.revenue_micros) / 1e6 / static_cast<double>(map.customers);
    }
    if (lifetime_values > 0) map.kpis.lifetime_value = lifetime_value / lifetime_values;
    map.kpis.onboarded = Share(onboarded, first_time);
    map.kpis.advocates = Share(advocates, buyers);
  }

  bool MovedOnAfter(const Person& person, absl::Time order) const {
    size_t at = 0;
    for (size_t i = 0; i < person.stays.size(); ++i) {
      if (person.stays[i].entered <= order && person.stays[i].entered < options_.period.until) at = i;
    }
    // A stage that the playbook does not have any more has no place on the road: the next one that it has counts.
    while (person.stays[at].stage < 0 && at + 1 < person.stays.size()) ++at;
    for (size_t i = at + 1; i < person.stays.size(); ++i) {
      if (person.stays[i].entered < options_.period.until && person.stays[i].stage > person.stays[at].stage)
        return true;
    }
    return false;
  }

  void AddResponses(JourneyKpis& kpis) const {
    std::map<std::string, int64_t> shown;
    std::map<std::string, std::map<std::string, int64_t>> outcomes;
    for (const Person& person : people_) {
      std::map<std::string, int64_t> contacts;
      std::map<std::string, int64_t> impressions;
      for (const Stay& stay : person.stays) {
        for (const RawContact& contact : stay.contacts) ++contacts[contact.action];
        for (const RawTouch& touch : stay.touches) {
          if (touch.action.empty()) continue;
          ++outcomes[Known(touch.action)][Known(touch.type)];
          impressions[touch.action] += touch.type == "impression" ? 1 : 0;
        }
      }
      for (const std::string action : {"voucher", "tips", "old"}) {
        const int64_t most = std::max(contacts[action], impressions[action]);
        if (most > 0) shown[Known(action)] += most;
      }
    }
    for (const auto& [action, events] : outcomes) shown.try_emplace(action, 0);
    for (const auto& [action, count] : shown) {
      OfferResponse response{.action = action, .shown = count};
      for (const auto& [event, volume] : outcomes[action]) response.outcomes.push_back({event, volume});
      kpis.responses.push_back(response);
    }
  }

  void AddReach(JourneyKpis& kpis) const {
    const auto reached = [this](int least) {
      return CountPeople([&](const Stay& stay) { return stay.stage >= least && WasThere(stay); });
    };
    for (int stage = 0; stage < Stages(); ++stage) {
      kpis.reach.push_back({Name(stage), Share(reached(stage), reached(0))});
    }
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

  const playbook::Playbook& playbook_;
  const playbook::Journey& journey_;
  const MapOptions& options_;
  std::vector<Person> people_;
  std::set<std::string> touchpoints_;
};

}  // namespace

JourneyMap ReferenceMap(const playbook::Playbook& playbook, absl::Span<const RawCustomer> customers,
                        const MapOptions& options) {
  return Reference(playbook, customers, options).Build();
}

}  // namespace waymark::journey
