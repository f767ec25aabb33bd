#ifndef WAYMARK_SERVICE_JOURNEY_MAP_PERIOD_H_
#define WAYMARK_SERVICE_JOURNEY_MAP_PERIOD_H_

#include <cstdint>
#include <limits>

#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace waymark::journey {

// What a map looks at: from <= t < until.
struct MapPeriod {
  absl::Time from = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();  // as far as is known

  bool Has(absl::Time time) const { return from <= time && time < until; }
  friend bool operator==(const MapPeriod&, const MapPeriod&) = default;
};

// Days (UTC) since 1970-01-01, both included.
struct DayRange {
  int32_t first = std::numeric_limits<int32_t>::min();
  int32_t last = std::numeric_limits<int32_t>::max();

  bool Has(int32_t day) const { return first <= day && day <= last; }
  friend bool operator==(const DayRange&, const DayRange&) = default;
};

// REQUIRES: finite.
int32_t DayOf(absl::Time time);

// The days in which the period has a moment.
DayRange DaysOf(const MapPeriod& period);

// As many days, just before. None where the period is open at either end, or has more than half of the days that
// ledgers keep.
absl::optional<DayRange> DaysBefore(const MapPeriod& period);

// Months counted from January 1970, and back.
int32_t MonthOf(int32_t day);
int32_t FirstDayOf(int32_t month);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_MAP_PERIOD_H_
