#ifndef WAYMARK_SEGMENTATION_EXPRESSION_TIME_FUNCTIONS_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_TIME_FUNCTIONS_H_

#include "absl/time/time.h"
#include "segmentation/expression/functions.h"

namespace waymark::expression {

// What finding a time zone in evaluation costs, in steps: a lock and a look-up by name.
inline constexpr int64_t kStepsPerZone = 50;

// A part of a time on the calendar, as CEL counts it.
using CalendarPart = int64_t (*)(const absl::TimeZone::CivilInfo& time);
int64_t FullYear(const absl::TimeZone::CivilInfo& time);
int64_t MonthFromZero(const absl::TimeZone::CivilInfo& time);
int64_t DayOfMonth(const absl::TimeZone::CivilInfo& time);  // from 1
int64_t DayOfMonthFromZero(const absl::TimeZone::CivilInfo& time);
int64_t DayOfYearFromZero(const absl::TimeZone::CivilInfo& time);
int64_t DayOfWeek(const absl::TimeZone::CivilInfo& time);  // Sunday is 0
int64_t HourOfDay(const absl::TimeZone::CivilInfo& time);
int64_t MinuteOfHour(const absl::TimeZone::CivilInfo& time);
int64_t SecondOfMinute(const absl::TimeZone::CivilInfo& time);
int64_t MillisecondOfSecond(const absl::TimeZone::CivilInfo& time);

// The zone that a call names in its second argument; nullopt where there is no such zone.
absl::optional<absl::TimeZone> ZoneOf(const CallContext& context, const Value* arguments);

// t.getHours()
template <CalendarPart part>
Value GetUtc(const CallContext&, const Value* arguments) {
  return Value::Int(part(absl::UTCTimeZone().At(arguments[0].timestamp_value())));
}

// t.getHours('Europe/Berlin')
template <CalendarPart part>
Value GetInZone(const CallContext& context, const Value* arguments) {
  const absl::optional<absl::TimeZone> zone = ZoneOf(context, arguments);
  if (!zone) return Value::Error(ErrorCode::kBadArgument, "there is no such time zone");
  return Value::Int(part(zone->At(arguments[0].timestamp_value())));
}

// Of a duration: the whole hours, minutes and seconds in it; the milliseconds beyond its whole seconds.
Value HoursIn(const CallContext& context, const Value* arguments);
Value MinutesIn(const CallContext& context, const Value* arguments);
Value SecondsIn(const CallContext& context, const Value* arguments);
Value MillisecondsBeyond(const CallContext& context, const Value* arguments);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_TIME_FUNCTIONS_H_
