#include "segmentation/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace waymark::segmentation {
namespace {

constexpr NameId kPurchase = NameId{1};
constexpr NameId kView = NameId{2};

absl::Time At(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return time;
}

struct Happening {
  NameId event;
  absl::Time time;
  int64_t value_micros;
};

// The definition, over the plain list: the bucket in which the window begins counts whole, and so does now's.
WindowSum BruteForce(const std::vector<Happening>& all, NameId event, absl::Time now, absl::Duration window) {
  const absl::Duration granularity = window <= absl::Hours(48) ? absl::Hours(1) : absl::Hours(24);
  const auto bucket = [granularity](absl::Time time) { return absl::Floor(time - absl::UnixEpoch(), granularity); };
  WindowSum sum;
  for (const Happening& happening : all) {
    if (happening.event != event) continue;
    if (bucket(happening.time) < bucket(now - window + absl::Nanoseconds(1)) || bucket(happening.time) > bucket(now))
      continue;
    ++sum.count;
    sum.value_micros += happening.value_micros;
  }
  return sum;
}

TEST(Ledger, AnswersEveryWindowAsTheListOfEventsDoes) {
  std::mt19937_64 random(7);
  const absl::Time start = At("2026-01-01T00:00:00Z");
  for (int round = 0; round < 40; ++round) {
    Ledger ledger;
    std::vector<Happening> all;
    for (int i = 0; i < 200; ++i) {
      // Out of order, across 420 days or two and a half.
      const absl::Duration back =
          absl::Minutes(static_cast<int64_t>(random() % (round % 2 == 0 ? 60 * 60 : 420 * 24 * 60)));
      all.push_back({random() % 2 == 0 ? kPurchase : kView, start + absl::Hours(421 * 24) - back,
                     static_cast<int64_t>(random() % 1000)});
      ledger.Add(all.back().event, all.back().time, all.back().value_micros);
    }
    absl::Time newest = absl::InfinitePast();
    for (const Happening& happening : all) newest = std::max(newest, happening.time);
    for (absl::Duration window : {absl::Hours(1), absl::Hours(5), absl::Hours(47), absl::Hours(48), absl::Hours(72),
                                  absl::Hours(24 * 30), absl::Hours(24 * 400)}) {
      // From the newest event on: before it, hours were not promised.
      const absl::Time now = newest + absl::Minutes(static_cast<int64_t>(random() % (60 * 24)));
      for (NameId event : {kPurchase, kView}) {
        const WindowSum expected = BruteForce(all, event, now, window);
        const WindowSum actual = ledger.Query(event, now, window);
        EXPECT_EQ(actual.count, expected.count) << absl::FormatDuration(window);
        EXPECT_EQ(actual.value_micros, expected.value_micros);
      }
    }
  }
}

TEST(Ledger, DoesNotDependOnTheOrderOfArrival) {
  std::mt19937_64 random(11);
  std::vector<Happening> all;
  for (int i = 0; i < 300; ++i) {
    all.push_back({kPurchase, absl::UnixEpoch() + absl::Minutes(static_cast<int64_t>(random() % (500 * 24 * 60))), 5});
  }
  Ledger sorted, shuffled;
  std::shuffle(all.begin(), all.end(), random);
  for (const Happening& each : all) shuffled.Add(each.event, each.time, each.value_micros);
  std::sort(all.begin(), all.end(), [](const Happening& a, const Happening& b) { return a.time < b.time; });
  for (const Happening& each : all) sorted.Add(each.event, each.time, each.value_micros);
  EXPECT_EQ(sorted, shuffled);
}

TEST(Ledger, KeepsTotalsForEverAndDaysFor400) {
  Ledger ledger;
  const absl::Time first = At("2020-01-01T10:00:00Z");
  for (int day = 0; day < 1000; ++day) ledger.Add(kPurchase, first + absl::Hours(24 * day), 2);
  const Series& series = *ledger.Find(kPurchase);
  EXPECT_EQ(series.count, 1000u);
  EXPECT_EQ(series.value_micros, 2000);
  EXPECT_EQ(series.first, first);
  EXPECT_EQ(series.last, first + absl::Hours(24 * 999));
  EXPECT_EQ(series.days.size(), size_t{Ledger::kKeptDays});
  EXPECT_EQ(series.hours.size(), 4u);
  EXPECT_EQ(ledger.Query(kPurchase, series.last, absl::Hours(24 * 5000)).count, 401u)
      << "the day in which the window begins counts whole";
}

TEST(Ledger, LeavesOutWhatIsYetToCome) {
  Ledger ledger;
  const absl::Time now = At("2026-03-01T12:00:00Z");
  ledger.Add(kPurchase, now + absl::Hours(25), 1);
  EXPECT_EQ(ledger.Query(kPurchase, now, absl::Hours(24 * 30)).count, 0u);
  EXPECT_EQ(ledger.Query(kPurchase, now + absl::Hours(25), absl::Hours(24 * 30)).count, 1u);
}

TEST(Ledger, ForgetsHoursThatNoWindowReaches) {
  Ledger ledger;
  const absl::Time now = At("2026-03-05T12:30:00Z");
  for (int hour = 0; hour < 200; ++hour) ledger.Add(kPurchase, now - absl::Hours(hour), 1);
  ledger.Add(kView, now - absl::Hours(80), 1);
  Ledger forgetful = ledger;
  forgetful.ForgetHours(now);
  EXPECT_EQ(forgetful.Find(kPurchase)->hours.size(), size_t{Ledger::kKeptHours});
  EXPECT_TRUE(forgetful.Find(kView)->hours.empty());
  // Whoever's clock is a day behind asks for the same.
  for (int behind = 0; behind <= 24; ++behind) {
    for (int window = 1; window <= 48; ++window) {
      for (NameId event : {kPurchase, kView}) {
        EXPECT_EQ(forgetful.Query(event, now - absl::Hours(behind), absl::Hours(window)).count,
                  ledger.Query(event, now - absl::Hours(behind), absl::Hours(window)).count);
      }
    }
  }
  EXPECT_EQ(forgetful.Query(kView, now, absl::Hours(24 * 30)).count, 1u) << "the days know";
}

TEST(Ledger, AnswersNothingForNothing) {
  const Ledger ledger;
  EXPECT_EQ(ledger.Find(kView), nullptr);
  EXPECT_EQ(ledger.Query(kView, At("2026-03-01T12:00:00Z"), absl::Hours(1)).count, 0u);
}

TEST(Ledger, SumsStopAtTheEndsOfTheirRange) {
  Ledger ledger;
  const absl::Time now = At("2026-03-01T12:00:00Z");
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  ledger.Add(kPurchase, now, kMost);
  ledger.Add(kPurchase, now, kMost);
  EXPECT_EQ(ledger.Find(kPurchase)->value_micros, kMost);
}

}  // namespace
}  // namespace waymark::segmentation
