#include "service/journey/order_counter.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace waymark::journey {
namespace {

using segmentation::Bucket;
using segmentation::NameId;
using segmentation::NameIdOf;
using segmentation::Profile;
using segmentation::Series;

const NameId kUseProduct = NameIdOf("use_product");
const NameId kReferFriend = NameIdOf("refer_friend");
const NameId kShare = NameIdOf("share");

struct Sum {
  uint64_t count = 0;
  int64_t value_micros = 0;
};

Sum SumOf(const Series& series, const DayRange& days) {
  Sum within;
  Sum older{series.count, series.value_micros};
  for (const Bucket& day : series.days) {
    older.count -= std::min<uint64_t>(older.count, day.count);
    older.value_micros -= day.value_micros;
    if (!days.Has(day.index)) continue;
    within.count += day.count;
    within.value_micros += day.value_micros;
  }
  const int32_t kept_from = series.days.empty() ? DayOf(series.last) : series.days.front().index;
  if (older.count > 0 && days.first <= DayOf(series.first) && days.last >= kept_from) {
    within.count += older.count;
    within.value_micros += older.value_micros;
  }
  return within;
}

// The first and the last are known of events that are not kept by the day, too.
bool HasAny(const Series* series, const DayRange& days) {
  if (series == nullptr || series->count == 0) return false;
  if (days.Has(DayOf(series->first)) || days.Has(DayOf(series->last))) return true;
  return std::any_of(series->days.begin(), series->days.end(),
                     [&days](const Bucket& day) { return days.Has(day.index); });
}

}  // namespace

OrderCounter::OrderCounter(NameId purchase, const MapPeriod& period)
    : purchase_(purchase), period_(period), days_(DaysOf(period)), days_before_(DaysBefore(period)) {}

void OrderCounter::Add(const Profile& profile, absl::Span<const Visit> visits, bool gave_stars,
                       KpiCounts& counts) const {
  const Series* orders = profile.ledger.Find(purchase_);
  if (orders == nullptr || orders->count == 0) return;
  const bool bought = HasAny(orders, days_);
  if (days_before_.has_value() && HasAny(orders, *days_before_)) {
    ++counts.earlier_buyers;
    counts.churned += bought ? 0 : 1;
  }
  if (!bought) return;
  ++counts.buyers;
  counts.revenue_micros += SumOf(*orders, days_).value_micros;
  counts.repeat_buyers += SumOf(*orders, {.last = days_.last}).count > 1 ? 1 : 0;
  counts.advocates +=
      gave_stars || HasAny(profile.ledger.Find(kReferFriend), days_) || HasAny(profile.ledger.Find(kShare), days_) ? 1
                                                                                                                   : 0;
  if (!days_.Has(DayOf(orders->first))) return;
  ++counts.first_time_buyers;
  counts.onboarded += WasOnboarded(profile, visits, orders->first) ? 1 : 0;
  CountCohort(*orders, counts);
}

// A later stage than that in which the first order brought the customer; of stages that the playbook does not have any
// more, the next that it has.
bool OrderCounter::WasOnboarded(const Profile& profile, absl::Span<const Visit> visits, absl::Time first_order) const {
  if (HasAny(profile.ledger.Find(kUseProduct), {DayOf(first_order), days_.last})) return true;
  int after_order = playbook::kNone;
  for (const Visit& visit : visits) {
    if (visit.entered >= period_.until) break;
    if (visit.entered <= first_order || after_order == playbook::kNone) {
      after_order = visit.stage;
    } else if (visit.stage > after_order) {
      return true;
    }
  }
  return false;
}

void OrderCounter::CountCohort(const Series& orders, KpiCounts& counts) const {
  const int32_t first_month = MonthOf(DayOf(orders.first));
  CohortCounts& cohort = counts.cohorts[first_month];
  ++cohort.customers;
  int32_t month_ends = FirstDayOf(first_month + 1) - 1;
  for (const Bucket& day : orders.days) {
    if (day.index > days_.last) break;
    if (day.index <= month_ends) continue;
    const int32_t month = MonthOf(day.index);
    month_ends = FirstDayOf(month + 1) - 1;
    const auto later = static_cast<size_t>(month - first_month - 1);
    if (later >= cohort.active.size()) break;
    ++cohort.active[later];
  }
}

}  // namespace waymark::journey
