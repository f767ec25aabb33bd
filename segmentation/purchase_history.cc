#include "segmentation/purchase_history.h"

#include <algorithm>

namespace waymark::segmentation {
namespace {

constexpr double kMicros = 1e6;

int32_t DayOf(absl::Time time) {
  return static_cast<int32_t>(absl::ToInt64Hours(absl::Floor(time - absl::UnixEpoch(), absl::Hours(24))) / 24);
}

// Some of a series' events.
struct Part {
  int64_t orders = 0;
  int64_t value_micros = 0;
  int32_t days = 0;

  void Add(const Bucket& bucket) {
    orders += bucket.count;
    value_micros += bucket.value_micros;
    ++days;
  }
};

}  // namespace

absl::optional<PurchaseHistory> PurchaseHistoryOf(const Series& series, absl::Time now) {
  const int32_t today = DayOf(now);
  if (series.count == 0 || DayOf(series.first) > today) return absl::nullopt;
  const int32_t first_day = DayOf(series.first);
  Part kept;   // in buckets up to today
  Part later;  // in buckets after today
  int32_t last_day = std::min(DayOf(series.last), today);
  for (const Bucket& bucket : series.days) {
    if (bucket.index <= today) last_day = bucket.index;
    (bucket.index <= today ? kept : later).Add(bucket);
  }
  PurchaseHistory history;
  history.orders = static_cast<int64_t>(series.count) - later.orders;
  history.revenue_micros = series.value_micros - later.value_micros;
  const int64_t older_orders = history.orders - kept.orders;
  const int32_t oldest_kept_day = series.days.empty() ? last_day + 1 : series.days.front().index;
  const int64_t older_days = std::clamp<int64_t>(oldest_kept_day - first_day, 0, older_orders);
  if (kept.days + older_days == 0) return absl::nullopt;

  const absl::Duration since_last = now - series.last;
  history.recency_days =
      later.days > 0 ? today - last_day : static_cast<int32_t>(std::max<int64_t>(0, since_last / absl::Hours(24)));
  history.repeat_purchases = static_cast<int32_t>(kept.days + older_days - 1);
  history.last_purchase_day = last_day - first_day;
  history.age_days = today - first_day;
  if (history.repeat_purchases == 0) return history;
  const bool first_is_kept = oldest_kept_day == first_day;
  const int64_t first_micros = first_is_kept ? series.days.front().value_micros : 0;
  history.mean_repeat_value = static_cast<double>(history.revenue_micros - first_micros) / kMicros /
                              (history.repeat_purchases + (first_is_kept ? 0 : 1));
  return history;
}

}  // namespace waymark::segmentation
