#include "service/playbook/calendar.h"

#include "absl/time/civil_time.h"

namespace waymark::playbook {
namespace {

// 0 is Monday.
int WeekdayOf(absl::CivilDay day) { return static_cast<int>(absl::GetWeekday(day)); }

}  // namespace

TimeSpan PeriodAround(absl::Time time, Period period, const absl::TimeZone& zone) {
  const absl::CivilDay day = absl::ToCivilDay(time, zone);
  absl::CivilDay first = day;
  absl::CivilDay next = day + 1;
  if (period == Period::kWeek) {
    first = day - WeekdayOf(day);
    next = first + 7;
  } else if (period == Period::kMonth) {
    const absl::CivilMonth month(day);
    first = absl::CivilDay(month);
    next = absl::CivilDay(month + 1);
  }
  // A midnight that is left out gives the moment of the change, one that comes twice its first time.
  return {absl::FromCivil(first, zone), absl::FromCivil(next, zone)};
}

WallClock WallClockAt(absl::Time time, const absl::TimeZone& zone) {
  const absl::CivilMinute now = absl::ToCivilMinute(time, zone);
  return {now.hour() * 60 + now.minute(), WeekdayOf(absl::CivilDay(now))};
}

bool IsQuiet(const QuietHours& hours, const WallClock& clock) {
  const auto begins_on = [&hours](int weekday) { return (hours.days >> weekday & 1) != 0; };
  const bool over_midnight = hours.until <= hours.from;
  const bool before_end = clock.minute < hours.until;
  if (clock.minute >= hours.from && (over_midnight || before_end) && begins_on(clock.weekday)) return true;
  return over_midnight && before_end && begins_on((clock.weekday + 6) % 7);
}

}  // namespace waymark::playbook
