#ifndef WAYMARK_SEGMENTATION_LEDGER_H_
#define WAYMARK_SEGMENTATION_LEDGER_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "segmentation/stable_hash.h"

namespace waymark::segmentation {

// What happened within one hour or one day (UTC).
struct Bucket {
  int32_t index = 0;  // hours or days since 1970-01-01T00:00Z
  uint32_t count = 0;
  int64_t value_micros = 0;

  friend bool operator==(const Bucket&, const Bucket&) = default;
};

// One event type's history.
struct Series {
  NameId event{};
  uint64_t count = 0;        // for ever
  int64_t value_micros = 0;  // for ever
  absl::Time first = absl::InfiniteFuture();
  absl::Time last = absl::InfinitePast();
  std::vector<Bucket> hours;  // ascending; of the newest Ledger::kKeptHours up to `last`'s
  std::vector<Bucket> days;   // ascending; of the newest Ledger::kKeptDays up to `last`'s

  friend bool operator==(const Series&, const Series&) = default;
};

// How often and how much within a window.
struct WindowSum {
  uint64_t count = 0;
  int64_t value_micros = 0;
};

// The buckets that a window reaches.
struct BucketRange {
  bool by_hour = false;
  int32_t from = 0;
  int32_t to = -1;  // included
};

// The bounded record of a customer's behaviour: how often, how much, how long ago. For each event type, counts and
// value sums by hour for 48 hours, by day for 400 days (both counted back from the type's newest event, so that history
// can be imported in any order) and for ever in total. Adding is commutative: the order in which events arrive does not
// matter, but for what is older than 400 days before the newest, which is in the total alone either way.
// Thread-compatible.
class Ledger {
 public:
  static constexpr int kHours = 48;
  static constexpr int kDays = 400;
  // What is kept beyond them, so that the longest window is whole also where it begins within a bucket, and where the
  // newest event is a day ahead of now.
  static constexpr int kKeptHours = kHours + 25;
  static constexpr int kKeptDays = kDays + 2;

  // O(log buckets), and O(buckets) where a bucket is new.
  void Add(NameId event, absl::Time time, int64_t value_micros);

  // Takes an event that was added away again, from what is still kept of it. Where that leaves none of the type, the
  // series goes; else its `last` is at most `last_at_most`. O(log buckets).
  void Remove(NameId event, absl::Time time, int64_t value_micros, absl::Time last_at_most);

  // Drops the hours that no window reaches which is asked for from `now` on, or up to a day before; their events stay
  // in the days and totals. O(series).
  void ForgetHours(absl::Time now);

  // The events of the window (now - window, now]. Up to 48 hours the granularity is an hour, beyond it a day (both
  // UTC): the bucket in which the window begins counts whole, so the answer never misses an event of the window and may
  // hold some up to one bucket older. Events in buckets after now's do not count. A window beyond 400 days is answered
  // for 400 days.
  WindowSum Query(NameId event, absl::Time now, absl::Duration window) const {
    const Series* series = Find(event);
    return series != nullptr ? Query(*series, RangeOf(now, window)) : WindowSum();
  }
  // The same in two steps, for many ledgers at one moment.
  static BucketRange RangeOf(absl::Time now, absl::Duration window);
  static WindowSum Query(const Series& series, const BucketRange& range);

  // The whole history of the type; nullptr where there is none.
  const Series* Find(NameId event) const;

  // Ascending by event.
  const std::vector<Series>& series() const { return series_; }
  // For decoding. REQUIRES: as `series()` gave it.
  void set_series(std::vector<Series> series) { series_ = std::move(series); }
  // All of it, so that its memory can be used again; the ledger is empty afterwards.
  std::vector<Series> take_series() { return std::exchange(series_, {}); }

  friend bool operator==(const Ledger&, const Ledger&) = default;

 private:
  std::vector<Series> series_;
};

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_LEDGER_H_
