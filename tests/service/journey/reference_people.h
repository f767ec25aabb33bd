#ifndef WAYMARK_TESTS_SERVICE_JOURNEY_REFERENCE_PEOPLE_H_
#define WAYMARK_TESTS_SERVICE_JOURNEY_REFERENCE_PEOPLE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "segmentation/proportions.h"
#include "segmentation/scores.h"
#include "service/journey/map.h"
#include "service/journey/statistics.h"
#include "tests/service/journey/map_world.h"

namespace waymark::journey::reference {

// What reference maps are counted of: plain loops over plain lists.

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

inline MapShare Share(int64_t count, int64_t of) {
  const segmentation::Interval interval = segmentation::WilsonInterval({count, of});
  return {count, of, of == 0 ? 0 : static_cast<double>(count) / static_cast<double>(of), interval.low, interval.high};
}

inline MapShare Share(const segmentation::Proportion& proportion) { return Share(proportion.hits, proportion.total); }

inline int DayNumber(absl::Time time) {
  return static_cast<int>(std::floor(absl::ToDoubleSeconds(time - absl::UnixEpoch()) / 86400));
}

inline int MonthNumber(absl::Time time) {
  const absl::CivilMonth month = absl::ToCivilMonth(time, absl::UTCTimeZone());
  return static_cast<int>(month.year() - 1970) * 12 + month.month() - 1;
}

class People {
 public:
  People(const playbook::Playbook& playbook, absl::Span<const RawCustomer> customers, const MapOptions& options)
      : playbook_(playbook), journey_(playbook.journeys[0]), options_(options) {
    for (const RawCustomer& customer : customers) people_.push_back(PersonOf(customer));
    for (const Person& person : people_) {
      for (const Stay& stay : person.stays) {
        for (const RawTouch& touch : stay.touches) touchpoints_.insert(touch.touchpoint);
      }
    }
  }

  bool In(absl::Time time) const { return options_.period.from <= time && time < options_.period.until; }
  int Stages() const { return static_cast<int>(journey_.stages.size()); }
  std::string Name(int stage) const {
    return stage >= 0 && stage < Stages() ? journey_.stages[stage].name : std::string();
  }
  std::string Known(const std::string& name) const {
    return playbook_.names.contains(segmentation::NameIdOf(name)) ? name : "unknown";
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
  segmentation::Proportion Ended(const StayFilter& filter, const StayFilter& hit) const {
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
          segmentation::Touch felt{.type = segmentation::NameIdOf(touch.type), .value_micros = touch.value_micros};
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

  std::vector<absl::Duration> Dwells(const StayFilter& filter) const {
    std::vector<absl::Duration> dwells;
    for (const Person& person : people_) {
      for (const Stay& stay : person.stays) {
        if (In(stay.left) && filter(stay)) dwells.push_back(stay.left - stay.entered);
      }
    }
    return dwells;
  }

  static bool HadBeforeEnd(const Stay& stay, const std::string& touchpoint) {
    return std::any_of(stay.touches.begin(), stay.touches.end(),
                       [&](const RawTouch& touch) { return touch.touchpoint == touchpoint && touch.at < stay.left; });
  }

  int64_t Present(int stage) const {
    return CountPeople([&](const Stay& stay) { return stay.stage == stage && WasThere(stay); });
  }

 protected:
  const playbook::Playbook& playbook_;
  const playbook::Journey& journey_;
  const MapOptions& options_;
  std::vector<Person> people_;
  std::set<std::string> touchpoints_;  // that occurred within the period
};

// Each adds a part of the map.
void AddFindings(const People& people, JourneyMap& map);
void AddKpis(const People& people, JourneyMap& map);  // REQUIRES: the map has its customers

}  // namespace waymark::journey::reference

#endif  // WAYMARK_TESTS_SERVICE_JOURNEY_REFERENCE_PEOPLE_H_
