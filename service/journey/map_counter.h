#ifndef WAYMARK_SERVICE_JOURNEY_MAP_COUNTER_H_
#define WAYMARK_SERVICE_JOURNEY_MAP_COUNTER_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/profile.h"
#include "service/journey/map_counts.h"
#include "service/journey/visits.h"
#include "service/playbook/playbook.h"

namespace waymark::journey {

// What a map looks at: from <= t < until.
struct MapPeriod {
  absl::Time from = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();  // as far as is known

  bool Has(absl::Time time) const { return from <= time && time < until; }
  friend bool operator==(const MapPeriod&, const MapPeriod&) = default;
};

// A customer of the selection.
struct MapCustomer {
  const segmentation::Profile& profile;
  const segmentation::JourneyPosition& position;  // on the map's journey, as Resolve gives it
  absl::optional<double> lifetime_value;          // whole units, where a population says so
};

// Counts customers into what a map is made of.
//
// A touch counts in the stage of its visit (VisitsOf), if it is of the period; an entry if the stay was entered, and an
// end if it was left within the period. A stay, or a customer, was with a touchpoint or an action where a touch (or a
// contact) of it counts and was before the stay ended: the event that ends a stay does not precede the end.
//
// Orders, shares and referrals are counted from the ledger, which knows them by the day (UTC) for 400 days: the days in
// which the period begins and ends count whole. Scores come from touches, the newest of each kind of the period.
//
// Keeps some memory of its own between customers, and allocates nothing but where something is new in `counts`.
// Single-threaded. O(touches log touches + stays + days with an order): some 5 us for 50 touches.
class MapCounter {
 public:
  // Borrows the playbook. REQUIRES: an index of its journeys.
  MapCounter(const playbook::Playbook& playbook, int journey, const MapPeriod& period);

  // Counts that are empty.
  MapCounts Empty() const { return MapCounts(journey_.stages.size()); }

  // REQUIRES: `counts` come from Empty of an equal counter.
  void Add(const MapCustomer& customer, MapCounts& counts);

 private:
  // A touch of the period.
  struct Seen {
    segmentation::NameId touchpoint{};
    uint8_t stage = 0;  // of MapCounts::stages
    uint8_t visit = 0;
    bool before_end = false;  // of the visit
    bool has_emotion = false;
    int32_t emotion = 0;  // in EmotionSums' units
    segmentation::NameId type{};
  };
  // What the visits of one stage were.
  struct StageVisits {
    bool present = false;
    bool entered = false;
    bool troubled = false;
    uint32_t ended = 0;  // a bit for each visit
    uint32_t progressed = 0;
    uint32_t dropped = 0;
    uint32_t lost = 0;  // the last one's, where it was dropped
    int64_t emotion = 0;
    int64_t responses = 0;
  };

  const playbook::Playbook& playbook_;
  const playbook::Journey& journey_;
  const MapPeriod period_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_MAP_COUNTER_H_
