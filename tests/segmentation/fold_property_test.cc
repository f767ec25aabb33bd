// What a profile says of a customer's behaviour, against a plain list of the events, however they arrive: late, out of
// order, twice, up to a day ahead of the clock, and written in the local time of any zone, also where its clocks are
// changed.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "segmentation/affinity.h"
#include "segmentation/compact.h"
#include "segmentation/fold.h"

namespace waymark::segmentation {
namespace {

constexpr absl::Duration kHour = absl::Hours(1);
constexpr absl::Duration kDay = absl::Hours(24);

// Days of 23, 24 and 25 hours, of 23.5 and 24.5 (Lord Howe), a zone that is half an hour off, and one that left out a
// day (Apia, 2011-12-30).
constexpr struct {
  const char* zone;
  absl::CivilDay day;
} kLocalDays[] = {
    {"Europe/Berlin", absl::CivilDay(2026, 3, 29)},
    {"Europe/Berlin", absl::CivilDay(2026, 10, 25)},
    {"America/New_York", absl::CivilDay(2026, 3, 8)},
    {"America/New_York", absl::CivilDay(2026, 11, 1)},
    {"Australia/Lord_Howe", absl::CivilDay(2026, 4, 5)},
    {"Australia/Lord_Howe", absl::CivilDay(2026, 10, 4)},
    {"Asia/Kolkata", absl::CivilDay(2026, 6, 1)},
    {"Pacific/Apia", absl::CivilDay(2011, 12, 31)},
    {"UTC", absl::CivilDay(2026, 3, 1)},
};

absl::TimeZone Zone(absl::string_view name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

// The same instant, after it was written with the zone's offset and read again, as importers and clients do.
absl::Time ThroughText(absl::Time time, const absl::TimeZone& zone) {
  absl::Time read;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, absl::FormatTime(absl::RFC3339_full, time, zone), &read, nullptr));
  return read;
}

class Draws {
 public:
  explicit Draws(uint64_t seed) : random_(seed) {}
  int64_t Below(int64_t limit) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(limit)); }
  bool OneIn(int64_t n) { return Below(n) == 0; }
  template <typename T>
  void Shuffle(std::vector<T>& all) {
    for (size_t i = all.size(); i > 1; --i)
      std::swap(all[i - 1], all[static_cast<size_t>(Below(static_cast<int64_t>(i)))]);
  }

 private:
  std::mt19937_64 random_;
};

const NameId kTypes[] = {NameIdOf("purchase"), NameIdOf("view_item")};
const NameId kLabels[] = {NameIdOf("shoes"), NameIdOf("books"), NameIdOf("web")};
const NameId kLabelled[] = {NameIdOf("purchase/shoes"), NameIdOf("purchase/books")};
const NameId kSeries[] = {kTypes[0], kTypes[1], kLabelled[0], kLabelled[1]};

// A minute of a local day as its inhabitants write it. A time that comes twice is meant either way; one that is left
// out by the clocks is taken as the zone's rules do.
absl::Time LocalMinute(Draws& draws, const absl::TimeZone& zone, absl::CivilDay day) {
  const absl::CivilMinute minute = absl::CivilMinute(day) + draws.Below(24 * 60);
  const absl::TimeZone::TimeInfo info = zone.At(absl::CivilSecond(minute));
  return draws.OneIn(2) ? info.pre : info.post;
}

Event MakeEvent(Draws& draws, int64_t id, absl::Time time) {
  Event event{.id = absl::StrCat("e", id), .type = kTypes[draws.Below(2)], .time = time};
  event.value_micros = draws.Below(100'000'000) - 10'000'000;
  for (size_t i = 0; i < 3; ++i) {
    if (!draws.OneIn(3)) continue;
    event.affinities.push_back(kLabels[i]);
    if (i < 2 && event.type == kTypes[0]) event.labelled.push_back(kLabelled[i]);
  }
  return event;
}

bool BelongsTo(const Event& event, NameId series) {
  return event.type == series ||
         std::find(event.labelled.begin(), event.labelled.end(), series) != event.labelled.end();
}

absl::Duration GranularityOf(absl::Duration window) { return window <= Ledger::kHours * kHour ? kHour : kDay; }

int64_t IndexOf(absl::Time time, absl::Duration granularity) {
  return absl::Floor(time - absl::UnixEpoch(), granularity) / granularity;
}

// The bucket in which the window begins.
int64_t BeginOf(absl::Time now, absl::Duration window) {
  return IndexOf(now - window + absl::Nanoseconds(1), GranularityOf(window));
}

// The definition: hours or days of UTC; the one in which the window begins counts whole, and so does now's.
WindowSum BruteForce(const std::vector<Event>& all, NameId series, absl::Time now, absl::Duration window) {
  const absl::Duration granularity = GranularityOf(window);
  WindowSum sum;
  for (const Event& event : all) {
    const int64_t index = IndexOf(event.time, granularity);
    if (!BelongsTo(event, series) || index < BeginOf(now, window) || index > IndexOf(now, granularity)) continue;
    ++sum.count;
    sum.value_micros += event.value_micros;
  }
  return sum;
}

void ExpectTotals(const Profile& profile, const std::vector<Event>& all) {
  for (NameId series : kSeries) {
    uint64_t count = 0;
    int64_t value_micros = 0;
    absl::Time first = absl::InfiniteFuture(), last = absl::InfinitePast();
    for (const Event& event : all) {
      if (!BelongsTo(event, series)) continue;
      ++count;
      value_micros += event.value_micros;
      first = std::min(first, event.time);
      last = std::max(last, event.time);
    }
    const Series* found = profile.ledger.Find(series);
    ASSERT_EQ(found != nullptr, count > 0);
    if (found == nullptr) continue;
    EXPECT_EQ(found->count, count);
    EXPECT_EQ(found->value_micros, value_micros);
    EXPECT_EQ(found->first, first);
    EXPECT_EQ(found->last, last);
  }
}

void ExpectAffinities(const Profile& profile, const std::vector<Event>& all, absl::Time now) {
  for (NameId label : kLabels) {
    double exact = 0;
    for (const Event& event : all) {
      if (std::find(event.affinities.begin(), event.affinities.end(), label) == event.affinities.end()) continue;
      exact += std::exp2(-absl::FDivDuration(now - event.time, kAffinityHalfLife));
    }
    const double error = (std::exp2(1 / Affinity::kStepsPerHalfLife) - 1) * static_cast<double>(all.size());
    EXPECT_NEAR(AffinityOf(profile, label, now), exact, exact * error);
  }
}

// An event and when it is received.
struct Arrival {
  Event event;
  absl::Time received;
};

// Happenings around one local day: some of the year before, many of the days around it, received within two days,
// some of them twice. `received` ascends.
std::vector<Arrival> Arrivals(Draws& draws, const absl::TimeZone& zone, absl::CivilDay day) {
  std::vector<Arrival> arrivals;
  const absl::Time noon = absl::FromCivil(absl::CivilHour(day) + 12, zone);
  const int64_t events = 50 + draws.Below(400);
  for (int64_t id = 0; id < events; ++id) {
    const int64_t days_before = draws.OneIn(4) ? draws.Below(450) : draws.Below(5) - 1;
    const absl::Time time = LocalMinute(draws, zone, day - days_before);
    // At most a day before it happens, and some just then.
    const absl::Time received = days_before <= 0 && draws.OneIn(3)
                                    ? time - kDay
                                    : std::max(time - kDay, noon + absl::Minutes(draws.Below(48 * 60)));
    arrivals.push_back({MakeEvent(draws, id, time), received});
    if (draws.OneIn(5)) arrivals.push_back({arrivals.back().event, received + absl::Minutes(draws.Below(5 * 24 * 60))});
  }
  std::sort(arrivals.begin(), arrivals.end(),
            [](const Arrival& a, const Arrival& b) { return a.received < b.received; });
  return arrivals;
}

absl::Duration DrawWindow(Draws& draws) {
  switch (draws.Below(6)) {
    case 4:
      return Ledger::kHours * kHour;
    case 5:
      return Ledger::kDays * kDay;
    case 0:
      return absl::Hours(1 + draws.Below(48));
    case 1:
      return absl::Minutes(1 + draws.Below(50 * 60));
    case 2:
      return absl::Hours(24 * (1 + draws.Below(400)));
    default:
      return absl::Milliseconds(1 + draws.Below(int64_t{400} * 24 * 60 * 60 * 1000));
  }
}

TEST(FoldProperty, EveryAnswerIsThatOfTheListOfEvents) {
  Draws draws(1);
  int compared = 0;
  for (int round = 0; round < 12; ++round) {
    for (const auto& local : kLocalDays) {
      const absl::TimeZone zone = Zone(local.zone);
      Profile profile;
      std::vector<Event> all;
      std::set<std::string> ids;
      for (const Arrival& arrival : Arrivals(draws, zone, local.day)) {
        const bool is_new = ids.insert(arrival.event.id).second;
        ASSERT_EQ(Fold(profile, arrival.event, arrival.received), is_new);
        if (is_new) all.push_back(arrival.event);
        if (!draws.OneIn(10)) continue;
        for (NameId series : kSeries) {
          const absl::Duration window = DrawWindow(draws);
          const absl::Time now = arrival.received + absl::Minutes(draws.OneIn(2) ? 0 : draws.Below(30 * 24 * 60));
          const WindowSum expected = BruteForce(all, series, now, window);
          const WindowSum actual = profile.ledger.Query(series, now, window);
          ASSERT_EQ(actual.count, expected.count) << local.zone << " " << window;
          ASSERT_EQ(actual.value_micros, expected.value_micros) << local.zone << " " << window;
          compared += expected.count > 0 ? 1 : 0;
        }
      }
      ExpectTotals(profile, all);
      ExpectAffinities(profile, all, absl::FromCivil(absl::CivilHour(local.day) + 100, zone));
    }
  }
  EXPECT_GT(compared, 4000) << "the test shows little";
}

// Everything but the ids' days, which say when an event was received, and the affinities' last bits.
TEST(FoldProperty, NeitherTheOrderNorTheZoneOfWritingMatters) {
  Draws draws(2);
  for (const auto& local : kLocalDays) {
    std::vector<Arrival> arrivals = Arrivals(draws, Zone(local.zone), local.day);
    const absl::Time received = arrivals.back().received;
    Profile as_it_was;
    for (const Arrival& arrival : arrivals) Fold(as_it_was, arrival.event, received);
    for (int round = 0; round < 5; ++round) {
      draws.Shuffle(arrivals);
      Profile profile;
      for (Arrival& arrival : arrivals) {
        Event written = arrival.event;
        written.time = ThroughText(written.time, Zone(kLocalDays[draws.Below(9)].zone));
        Fold(profile, written, received);
      }
      EXPECT_EQ(profile.ledger, as_it_was.ledger) << local.zone;
      ASSERT_EQ(profile.affinities.size(), as_it_was.affinities.size());
      for (size_t i = 0; i < profile.affinities.size(); ++i) {
        EXPECT_EQ(profile.affinities[i].name, as_it_was.affinities[i].name);
        EXPECT_NEAR(profile.affinities[i].log2_weight, as_it_was.affinities[i].log2_weight, 0.01);
      }
    }
  }
}

// The newest hour and day of each series that compacting dropped.
using Dropped = std::map<std::pair<NameId, absl::Duration>, int64_t>;

void NoteDropped(const Profile& before, const Profile& after, Dropped& dropped) {
  for (const Series& series : before.ledger.series()) {
    const Series& kept = *after.ledger.Find(series.event);
    const auto note = [&](const std::vector<Bucket>& had, const std::vector<Bucket>& has, absl::Duration granularity) {
      if (had.size() == has.size()) return;
      auto [it, first] = dropped.try_emplace({series.event, granularity}, had[had.size() - has.size() - 1].index);
      if (!first) it->second = std::max<int64_t>(it->second, had[had.size() - has.size() - 1].index);
    };
    note(series.hours, kept.hours, kHour);
    note(series.days, kept.days, kDay);
  }
}

TEST(FoldProperty, CompactingKeepsTotalsAndWindowsAfterWhatItDropped) {
  Draws draws(3);
  int whole = 0, cut = 0;
  uint64_t compacted = 0;
  for (int round = 0; round < 10; ++round) {
    for (const auto& local : kLocalDays) {
      Profile profile;
      std::vector<Event> all;
      Dropped dropped;
      for (const Arrival& arrival : Arrivals(draws, Zone(local.zone), local.day)) {
        if (!Fold(profile, arrival.event, arrival.received)) continue;  // all ids are kept: they go last
        all.push_back(arrival.event);
        const Profile before = profile;
        Compact(profile, 1500 + BoundBytes(Profile()) + profile.seen.size() * 7);
        NoteDropped(before, profile, dropped);
        for (NameId series : kSeries) {
          const absl::Duration window = DrawWindow(draws);
          const WindowSum expected = BruteForce(all, series, arrival.received, window);
          const WindowSum actual = profile.ledger.Query(series, arrival.received, window);
          ASSERT_LE(actual.count, expected.count) << "an event that never was";
          auto gone = dropped.find({series, GranularityOf(window)});
          if (gone != dropped.end() && gone->second >= BeginOf(arrival.received, window)) {
            ++cut;
            continue;
          }
          ++whole;
          ASSERT_EQ(actual.count, expected.count) << local.zone << " " << window;
          ASSERT_EQ(actual.value_micros, expected.value_micros) << local.zone << " " << window;
        }
      }
      compacted += profile.compacted;
      ExpectTotals(profile, all);
    }
  }
  EXPECT_GT(compacted, 1000u);
  EXPECT_GT(whole, 1000);
  EXPECT_GT(cut, 1000);
}

}  // namespace
}  // namespace waymark::segmentation
