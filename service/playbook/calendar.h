#ifndef WAYMARK_SERVICE_PLAYBOOK_CALENDAR_H_
#define WAYMARK_SERVICE_PLAYBOOK_CALENDAR_H_

#include "absl/time/time.h"
#include "service/playbook/playbook.h"

namespace waymark::playbook {

// From `begin` on, `end` not included.
struct TimeSpan {
  absl::Time begin;
  absl::Time end;
};

// The day, week (from Monday on) or month of the zone's calendar that holds the time, from the first moment at which
// its clocks show that date: where daylight saving begins at midnight that is not 00:00, and a day may have 23 or 25
// hours. Pure; below a microsecond. REQUIRES: a period that is not kNone.
TimeSpan PeriodAround(absl::Time time, Period period, const absl::TimeZone& zone);

// What the zone's clocks show: the minute of the day, 0 to 1439, and the day, 0 being Monday.
struct WallClock {
  int minute = 0;
  int weekday = 0;
};
WallClock WallClockAt(absl::Time time, const absl::TimeZone& zone);

// Whether they lie within the quiet hours.
bool IsQuiet(const QuietHours& hours, const WallClock& clock);

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_CALENDAR_H_
