#include "segmentation/ledger.h"

#include <algorithm>
#include <limits>

namespace waymark::segmentation {
namespace {

constexpr int64_t kHourSeconds = 3600;
constexpr int64_t kDaySeconds = 86400;
const absl::Duration kLongestHourly = absl::Hours(Ledger::kHours);
const absl::Duration kLongest = absl::Hours(24 * Ledger::kDays);

// Sums stop at the ends of int64, some 9.2 * 10^12 whole units.
int64_t AddSaturating(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a > 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}

// In whole seconds, which ToUnixSeconds rounds down: arithmetic on durations takes longer than summing a window.
int32_t IndexOf(absl::Time time, int64_t granularity_seconds) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  const int64_t index = seconds / granularity_seconds;
  return static_cast<int32_t>(seconds < index * granularity_seconds ? index - 1 : index);
}

std::vector<Bucket>::const_iterator FirstFrom(const std::vector<Bucket>& buckets, int32_t index) {
  return std::lower_bound(buckets.begin(), buckets.end(), index,
                          [](const Bucket& bucket, int32_t wanted) { return bucket.index < wanted; });
}

// Adds to the bucket `index`, where it is not older than the newest one allows, and drops what is then too old.
void AddTo(std::vector<Bucket>& buckets, int32_t index, int32_t newest, int32_t kept, int64_t value_micros) {
  if (index > newest - kept) {
    auto it = buckets.begin() + (FirstFrom(buckets, index) - buckets.begin());
    if (it == buckets.end() || it->index != index) it = buckets.insert(it, Bucket{index, 0, 0});
    ++it->count;
    it->value_micros = AddSaturating(it->value_micros, value_micros);
  }
  buckets.erase(buckets.begin(), FirstFrom(buckets, newest - kept + 1));
}

// Takes from the bucket `index`, where it is still there.
void RemoveFrom(std::vector<Bucket>& buckets, int32_t index, int64_t value_micros) {
  auto it = buckets.begin() + (FirstFrom(buckets, index) - buckets.begin());
  if (it == buckets.end() || it->index != index) return;
  it->value_micros -= value_micros;
  if (--it->count == 0) buckets.erase(it);
}

WindowSum Sum(const std::vector<Bucket>& buckets, int32_t from, int32_t to) {
  WindowSum sum;
  // From the newest on: most of what is asked for is recent, and so are most buckets.
  for (auto it = buckets.rbegin(); it != buckets.rend() && it->index >= from; ++it) {
    if (it->index > to) continue;
    sum.count += it->count;
    sum.value_micros = AddSaturating(sum.value_micros, it->value_micros);
  }
  return sum;
}

}  // namespace

void Ledger::Add(NameId event, absl::Time time, int64_t value_micros) {
  auto it = std::lower_bound(series_.begin(), series_.end(), event,
                             [](const Series& series, NameId wanted) { return series.event < wanted; });
  if (it == series_.end() || it->event != event) it = series_.insert(it, Series{.event = event});
  ++it->count;
  it->value_micros = AddSaturating(it->value_micros, value_micros);
  it->first = std::min(it->first, time);
  it->last = std::max(it->last, time);
  AddTo(it->hours, IndexOf(time, kHourSeconds), IndexOf(it->last, kHourSeconds), kKeptHours, value_micros);
  AddTo(it->days, IndexOf(time, kDaySeconds), IndexOf(it->last, kDaySeconds), kKeptDays, value_micros);
}

void Ledger::Remove(NameId event, absl::Time time, int64_t value_micros, absl::Time last_at_most) {
  auto it = std::lower_bound(series_.begin(), series_.end(), event,
                             [](const Series& series, NameId wanted) { return series.event < wanted; });
  if (it == series_.end() || it->event != event) return;
  if (--it->count == 0) {
    series_.erase(it);
    return;
  }
  it->value_micros -= value_micros;
  it->last = std::max(it->first, std::min(it->last, last_at_most));
  RemoveFrom(it->hours, IndexOf(time, kHourSeconds), value_micros);
  RemoveFrom(it->days, IndexOf(time, kDaySeconds), value_micros);
}

void Ledger::ForgetHours(absl::Time now) {
  const int32_t oldest = IndexOf(now, kHourSeconds) - kKeptHours + 1;
  for (Series& series : series_) series.hours.erase(series.hours.begin(), FirstFrom(series.hours, oldest));
}

BucketRange Ledger::RangeOf(absl::Time now, absl::Duration window) {
  if (window <= absl::ZeroDuration()) return {};
  window = std::min(window, kLongest);
  // Nothing lies at `now - window` itself, so a window that begins on a bucket's edge begins with that bucket.
  const absl::Time begin = now - window + absl::Nanoseconds(1);
  const bool by_hour = window <= kLongestHourly;
  const int64_t granularity = by_hour ? kHourSeconds : kDaySeconds;
  return {by_hour, IndexOf(begin, granularity), IndexOf(now, granularity)};
}

WindowSum Ledger::Query(const Series& series, const BucketRange& range) {
  return Sum(range.by_hour ? series.hours : series.days, range.from, range.to);
}

const Series* Ledger::Find(NameId event) const {
  auto it = std::lower_bound(series_.begin(), series_.end(), event,
                             [](const Series& series, NameId wanted) { return series.event < wanted; });
  return it != series_.end() && it->event == event ? &*it : nullptr;
}

}  // namespace waymark::segmentation
