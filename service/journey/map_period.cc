#include "service/journey/map_period.h"

#include "absl/time/civil_time.h"
#include "segmentation/ledger.h"

namespace waymark::journey {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::CivilDay kFirstDay(1970, 1, 1);
constexpr absl::CivilMonth kFirstMonth(1970, 1);

}  // namespace

int32_t DayOf(absl::Time time) {
  return static_cast<int32_t>(absl::ToInt64Seconds(absl::Floor(time - absl::UnixEpoch(), kDay)) / 86'400);
}

DayRange DaysOf(const MapPeriod& period) {
  DayRange days;
  if (period.from != absl::InfinitePast()) days.first = DayOf(period.from);
  if (period.until != absl::InfiniteFuture()) days.last = DayOf(period.until - absl::Milliseconds(1));
  return days;
}

absl::optional<DayRange> DaysBefore(const MapPeriod& period) {
  if (period.from == absl::InfinitePast() || period.until == absl::InfiniteFuture()) return absl::nullopt;
  const DayRange days = DaysOf(period);
  const int32_t length = days.last - days.first + 1;
  if (length <= 0 || length > segmentation::Ledger::kDays / 2) return absl::nullopt;
  return DayRange{days.first - length, days.first - 1};
}

int32_t MonthOf(int32_t day) { return static_cast<int32_t>(absl::CivilMonth(kFirstDay + day) - kFirstMonth); }

int32_t FirstDayOf(int32_t month) { return static_cast<int32_t>(absl::CivilDay(kFirstMonth + month) - kFirstDay); }

}  // namespace waymark::journey
