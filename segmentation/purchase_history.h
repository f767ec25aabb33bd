#ifndef WAYMARK_SEGMENTATION_PURCHASE_HISTORY_H_
#define WAYMARK_SEGMENTATION_PURCHASE_HISTORY_H_

#include <cstdint>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/ledger.h"

namespace waymark::segmentation {

// What RFM and lifetime value know of one customer's purchases. Days are UTC's, and times between them are of whole
// days.
struct PurchaseHistory {
  int64_t orders = 0;          // for ever, one an event
  int64_t revenue_micros = 0;  // for ever
  int32_t recency_days = 0;    // whole days since the last order
  // For the models: orders of one day are one purchase, and the first is none of the repeat purchases.
  int32_t repeat_purchases = 0;   // x
  int32_t last_purchase_day = 0;  // t_x: from the first purchase's day to the last one's
  int32_t age_days = 0;           // T: from the first purchase's day to now's
  double mean_repeat_value = 0;   // whole units a repeat purchase; 0 where there is none

  double last_purchase_weeks() const { return last_purchase_day / 7.0; }
  double age_weeks() const { return age_days / 7.0; }

  friend bool operator==(const PurchaseHistory&, const PurchaseHistory&) = default;
};

// The history as of `now`, from the ledger's series of the event type that counts as an order. Exact as far as the
// ledger keeps days (400 before the newest order); older or compacted orders count as a purchase each, but as no more
// than there were days for them. The first purchase's value is kept out of the mean where its day is kept. Purchases on
// days after now's are not looked at, where their days are kept. None where there was no purchase until now. O(days).
absl::optional<PurchaseHistory> PurchaseHistoryOf(const Series& series, absl::Time now);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_PURCHASE_HISTORY_H_
