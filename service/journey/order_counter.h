#ifndef WAYMARK_SERVICE_JOURNEY_ORDER_COUNTER_H_
#define WAYMARK_SERVICE_JOURNEY_ORDER_COUNTER_H_

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/profile.h"
#include "service/journey/map_counts.h"
#include "service/journey/map_period.h"
#include "service/journey/visits.h"

namespace waymark::journey {

// Counts what customers bought, and what came of it: orders are events of the type that the playbook's population names
// (`purchase` where it says nothing), taken from the ledger, which knows them by the day (UTC) for 400 days before the
// newest and in total. The days in which the period begins and ends count whole. Of orders before the kept days a
// period has all or, where it begins after the first or ends before the kept ones, none. Immutable.
class OrderCounter {
 public:
  OrderCounter(segmentation::NameId purchase, const MapPeriod& period);

  // `visits` are the customer's on the map's journey; `gave_stars`: 4 and more within the period. O(days with an
  // order).
  void Add(const segmentation::Profile& profile, absl::Span<const Visit> visits, bool gave_stars,
           KpiCounts& counts) const;

 private:
  bool WasOnboarded(const segmentation::Profile& profile, absl::Span<const Visit> visits, absl::Time first_order) const;
  void CountCohort(const segmentation::Series& orders, KpiCounts& counts) const;

  const segmentation::NameId purchase_;
  const MapPeriod period_;
  const DayRange days_;
  const absl::optional<DayRange> days_before_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_ORDER_COUNTER_H_
