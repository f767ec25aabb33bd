#include "service/playbook/calendar.h"

#include <gtest/gtest.h>

#include <string>

#include "service/base/time_zones.h"

namespace waymark::playbook {
namespace {

absl::TimeZone Zone(const char* name) { return base::TimeZones()->at(name); }

// RFC 3339.
absl::Time At(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << text << ": " << error;
  return time;
}

struct PeriodRow {
  const char* zone;
  Period period;
  const char* now;
  const char* begin;
  const char* end;
};

TEST(PeriodAround, FollowsTheCalendarOfTheZone) {
  const PeriodRow kTable[] = {
      {"UTC", Period::kDay, "2026-03-01T12:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"},
      {"UTC", Period::kDay, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"},
      {"UTC", Period::kDay, "2026-02-28T23:59:59.999Z", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"},
      // 23 and 25 hours
      {"Europe/Berlin", Period::kDay, "2026-03-29T12:00:00Z", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"},
      {"Europe/Berlin", Period::kDay, "2026-10-25T12:00:00Z", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"},
      {"America/New_York", Period::kDay, "2026-11-01T05:30:00Z", "2026-11-01T00:00:00-04:00",
       "2026-11-02T00:00:00-05:00"},
      // far from UTC: another day there
      {"Pacific/Kiritimati", Period::kDay, "2026-05-01T12:00:00Z", "2026-05-02T00:00:00+14:00",
       "2026-05-03T00:00:00+14:00"},
      {"Pacific/Pago_Pago", Period::kDay, "2026-05-01T10:00:00Z", "2026-04-30T00:00:00-11:00",
       "2026-05-01T00:00:00-11:00"},
      {"Asia/Kathmandu", Period::kDay, "2026-05-01T18:15:00Z", "2026-05-02T00:00:00+05:45",
       "2026-05-03T00:00:00+05:45"},
      // a midnight that does not exist (Cairo goes to summer time at 00:00), and a change of half an hour
      {"Africa/Cairo", Period::kDay, "2026-04-24T12:00:00Z", "2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00"},
      {"Australia/Lord_Howe", Period::kDay, "2026-04-05T12:00:00Z", "2026-04-05T00:00:00+11:00",
       "2026-04-06T00:00:00+10:30"},
      // a midnight that comes twice (Havana goes back at 01:00)
      {"America/Havana", Period::kDay, "2026-11-01T12:00:00Z", "2026-11-01T00:00:00-04:00",
       "2026-11-02T00:00:00-05:00"},
      // a day that was left out
      {"Pacific/Apia", Period::kDay, "2011-12-31T12:00:00Z", "2012-01-01T00:00:00+14:00", "2012-01-02T00:00:00+14:00"},
      // weeks begin on Monday
      {"Europe/Berlin", Period::kWeek, "2026-03-29T21:59:59Z", "2026-03-23T00:00:00+01:00",
       "2026-03-30T00:00:00+02:00"},
      {"Europe/Berlin", Period::kWeek, "2026-03-29T22:00:00Z", "2026-03-30T00:00:00+02:00",
       "2026-04-06T00:00:00+02:00"},
      {"UTC", Period::kWeek, "2026-01-01T00:00:00Z", "2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"},
      // months of every length, over the end of the year
      {"UTC", Period::kMonth, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
      {"UTC", Period::kMonth, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
      {"Europe/Berlin", Period::kMonth, "2026-10-31T22:59:59Z", "2026-10-01T00:00:00+02:00",
       "2026-11-01T00:00:00+01:00"},
      {"Europe/Berlin", Period::kMonth, "2026-10-31T23:00:00Z", "2026-11-01T00:00:00+01:00",
       "2026-12-01T00:00:00+01:00"},
  };
  for (const PeriodRow& row : kTable) {
    const TimeSpan span = PeriodAround(At(row.now), row.period, Zone(row.zone));
    EXPECT_EQ(span.begin, At(row.begin)) << row.zone << " " << row.now;
    EXPECT_EQ(span.end, At(row.end)) << row.zone << " " << row.now;
  }
}

TEST(WallClock, IsWhatTheClocksThereShow) {
  const auto shown = [](const char* zone, const char* now) { return WallClockAt(At(now), Zone(zone)); };
  EXPECT_EQ(shown("UTC", "2026-03-30T07:05:59Z").minute, 7 * 60 + 5);
  EXPECT_EQ(shown("UTC", "2026-03-30T07:05:59Z").weekday, 0);
  EXPECT_EQ(shown("Pacific/Kiritimati", "2026-03-29T22:00:00Z").minute, 12 * 60);
  EXPECT_EQ(shown("Pacific/Pago_Pago", "2026-03-30T10:59:00Z").weekday, 6);
  EXPECT_EQ(shown("Europe/Berlin", "2026-10-25T00:30:00Z").minute, 150);
  EXPECT_EQ(shown("Europe/Berlin", "2026-10-25T01:30:00Z").minute, 150) << "twice";
}

TEST(IsQuiet, HoldsBetweenItsTimesOnItsDays) {
  const auto quiet = [](QuietHours hours, int weekday, int hour, int minute = 0) {
    return IsQuiet(hours, {.minute = hour * 60 + minute, .weekday = weekday});
  };
  const QuietHours noon{.from = 12 * 60, .until = 14 * 60};
  EXPECT_FALSE(quiet(noon, 2, 11, 59));
  EXPECT_TRUE(quiet(noon, 2, 12));
  EXPECT_TRUE(quiet(noon, 2, 13, 59));
  EXPECT_FALSE(quiet(noon, 2, 14));
  const QuietHours night{.from = 21 * 60, .until = 7 * 60};
  EXPECT_FALSE(quiet(night, 2, 20, 59));
  EXPECT_TRUE(quiet(night, 2, 21));
  EXPECT_TRUE(quiet(night, 3, 0));
  EXPECT_TRUE(quiet(night, 3, 6, 59));
  EXPECT_FALSE(quiet(night, 3, 7));
  const QuietHours sunday_night{.from = 21 * 60, .until = 7 * 60, .days = 1 << 6};
  EXPECT_TRUE(quiet(sunday_night, 6, 23));
  EXPECT_TRUE(quiet(sunday_night, 0, 6, 59)) << "begun on Sunday";
  EXPECT_FALSE(quiet(sunday_night, 6, 6)) << "not begun on Saturday";
  EXPECT_FALSE(quiet(sunday_night, 0, 22));
  const QuietHours saturday{.from = 0, .until = 24 * 60, .days = 1 << 5};
  EXPECT_TRUE(quiet(saturday, 5, 0));
  EXPECT_TRUE(quiet(saturday, 5, 23, 59));
  EXPECT_FALSE(quiet(saturday, 6, 0));
  const QuietHours around{.from = 8 * 60, .until = 8 * 60, .days = 1};
  EXPECT_FALSE(quiet(around, 0, 7, 59));
  EXPECT_TRUE(quiet(around, 0, 8));
  EXPECT_TRUE(quiet(around, 1, 7, 59)) << "24 hours";
  EXPECT_FALSE(quiet(around, 1, 8));
}

}  // namespace
}  // namespace waymark::playbook
