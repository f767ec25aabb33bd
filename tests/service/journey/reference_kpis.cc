#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/service/journey/reference_people.h"

namespace waymark::journey::reference {
namespace {

class Kpis : public People {
 public:
  explicit Kpis(const People& people) : People(people) {}

  void AddTo(JourneyMap& map) const {
    AddScores(map.kpis);
    AddOrders(map);
    AddResponses(map.kpis);
    AddReach(map.kpis);
  }

 private:
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
};

}  // namespace

void AddKpis(const People& people, JourneyMap& map) { Kpis(people).AddTo(map); }

}  // namespace waymark::journey::reference
