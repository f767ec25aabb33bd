#ifndef WAYMARK_SERVICE_STORE_REDIS_SCAN_CURSOR_H_
#define WAYMARK_SERVICE_STORE_REDIS_SCAN_CURSOR_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace waymark::store {

// How far a walk with Redis's SCAN is. A value.
//
// SCAN visits the buckets of a table of 2^k in the order of their reversed bits (dictScan in Redis's dict.c): so the
// cursor, its 64 bits reversed, rises, and stands for the share of all hashes that was seen, whatever the table's size
// is. A table that grew is visited from the same place in finer steps. One that shrank is visited in coarser ones: the
// bucket at the cursor then reaches back to what was seen before, and the step over it may reach beyond the cursor of
// an earlier page. (While Redis moves keys from one table to the other, a step is one of the smaller table.)
class ScanCursor {
 public:
  ScanCursor() = default;  // the beginning

  // As Redis writes it; empty: the beginning. nullopt where it is no cursor.
  static absl::optional<ScanCursor> Parse(absl::string_view text);

  // Whether this one, which a step ended at, is at `until` or after it. 0, as Redis says that it is at the end, is.
  bool Reaches(ScanCursor until) const { return bits_ == 0 || bits_ >= until.bits_; }
  bool AtEnd() const { return bits_ == 0; }
  friend bool operator==(ScanCursor, ScanCursor) = default;

  // Whether the table that a step ended at this cursor in has buckets as small as the one that gave `until`, so that no
  // step of it begins before `until` and ends after it. Where it says no, it is not known.
  bool AtLeastAsFineAs(ScanCursor until) const { return bits_ != 0 && LowestBit() <= until.LowestBit(); }

 private:
  explicit ScanCursor(uint64_t bits) : bits_(bits) {}
  uint64_t LowestBit() const { return bits_ & (~bits_ + 1); }  // a multiple of the width of the table's buckets

  uint64_t bits_ = 0;  // reversed
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_SCAN_CURSOR_H_
