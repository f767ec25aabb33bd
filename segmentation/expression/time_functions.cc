#include "segmentation/expression/time_functions.h"

#include "absl/time/civil_time.h"
#include "segmentation/expression/time_text.h"

namespace waymark::expression {
int64_t FullYear(const absl::TimeZone::CivilInfo& time) { return time.cs.year(); }
int64_t MonthFromZero(const absl::TimeZone::CivilInfo& time) { return time.cs.month() - 1; }
int64_t DayOfMonth(const absl::TimeZone::CivilInfo& time) { return time.cs.day(); }
int64_t DayOfMonthFromZero(const absl::TimeZone::CivilInfo& time) { return time.cs.day() - 1; }

int64_t DayOfYearFromZero(const absl::TimeZone::CivilInfo& time) {
  return absl::GetYearDay(absl::CivilDay(time.cs)) - 1;
}

int64_t DayOfWeek(const absl::TimeZone::CivilInfo& time) {
  // absl counts from Monday.
  return (static_cast<int64_t>(absl::GetWeekday(time.cs)) + 1) % 7;
}

int64_t HourOfDay(const absl::TimeZone::CivilInfo& time) { return time.cs.hour(); }
int64_t MinuteOfHour(const absl::TimeZone::CivilInfo& time) { return time.cs.minute(); }
int64_t SecondOfMinute(const absl::TimeZone::CivilInfo& time) { return time.cs.second(); }
int64_t MillisecondOfSecond(const absl::TimeZone::CivilInfo& time) { return absl::ToInt64Milliseconds(time.subsecond); }

absl::optional<absl::TimeZone> ZoneOf(const CallContext& context, const Value* arguments) {
  if (context.prepared != nullptr) return context.prepared->zone;
  context.steps -= kStepsPerZone;
  return ParseTimeZone(arguments[1].string_value());
}

Value HoursIn(const CallContext&, const Value* arguments) {
  return Value::Int(absl::ToInt64Hours(arguments[0].duration_value()));
}

Value MinutesIn(const CallContext&, const Value* arguments) {
  return Value::Int(absl::ToInt64Minutes(arguments[0].duration_value()));
}

Value SecondsIn(const CallContext&, const Value* arguments) {
  return Value::Int(absl::ToInt64Seconds(arguments[0].duration_value()));
}

Value MillisecondsBeyond(const CallContext&, const Value* arguments) {
  return Value::Int(absl::ToInt64Milliseconds(arguments[0].duration_value() % absl::Seconds(1)));
}

}  // namespace waymark::expression
