#ifndef WAYMARK_SERVICE_JOURNEY_MAP_COUNTER_H_
#define WAYMARK_SERVICE_JOURNEY_MAP_COUNTER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/types/optional.h"
#include "segmentation/profile.h"
#include "service/journey/map_counts.h"
#include "service/journey/map_period.h"
#include "service/journey/order_counter.h"
#include "service/journey/visits.h"
#include "service/playbook/playbook.h"

namespace waymark::journey {

// A customer of the selection.
struct MapCustomer {
  const segmentation::Profile& profile;
  const segmentation::JourneyPosition& position;  // on the map's journey, as Resolve gives it
  absl::optional<double> lifetime_value;          // whole units, where a population says so
};

// Counts customers into what a map is made of.
//
// A touch of the period counts in the stage of its visit (VisitsOf); an entry if the stay was entered, and an end if it
// was left within the period. Someone was in a stage within the period who stayed there at a moment of it, left it
// within it, or has a touch of the period there. A stay was with a touchpoint or an action where a touch (or a contact)
// of it counts and came before the stay ended: the event that ends a stay does not precede the end. Orders: see
// OrderCounter. Scores are the newest of each kind among the touches of the period.
//
// Keeps some memory of its own between customers, so that little is allocated but where something is new in `counts`.
// Single-threaded. O(touches log touches + stays + days with an order).
class MapCounter {
 public:
  // Borrows the playbook. REQUIRES: an index of its journeys.
  MapCounter(const playbook::Playbook& playbook, int journey, const MapPeriod& period);

  // Counts of nobody.
  MapCounts Empty() const { return MapCounts(journey_.stages.size()); }

  // REQUIRES: `counts` are sums of Empty and others of an equal counter.
  void Add(const MapCustomer& customer, MapCounts& counts);

 private:
  // A visit's place in a mask; of more visits the newest count.
  static constexpr size_t kMaxVisits = 32;
  using VisitMask = uint32_t;

  // A touch of the period.
  struct Seen {
    segmentation::NameId touchpoint{};
    segmentation::NameId type{};
    uint8_t stage = 0;     // of MapCounts::stages
    VisitMask before = 0;  // its visit's bit, where it came before the visit ended
    bool has_emotion = false;
    int32_t emotion = 0;  // in units of EmotionSums
  };
  // An action's contact (no type), or an event that came of it.
  struct SeenAction {
    segmentation::NameId action{};
    segmentation::NameId type{};
    uint8_t stage = 0;
    VisitMask before = 0;
  };
  // One customer's emotions at one place.
  struct Feelings {
    int64_t sum = 0;
    int64_t responses = 0;

    void Add(const Feelings& other);
    void CountIn(EmotionSums& sums) const;
  };
  // One customer's visits of one stage.
  struct Stays {
    bool present = false;
    bool entered = false;
    bool troubled = false;
    VisitMask ended = 0;
    VisitMask progressed = 0;
    VisitMask dropped = 0;
    VisitMask lost = 0;  // the last visit's, where it was dropped
    int64_t volume = 0;
    Feelings feelings;

    StayCounts Of(VisitMask visits) const;
  };
  // The newest score of a kind.
  struct NewestScore {
    bool given = false;
    int64_t value_micros = 0;
  };

  size_t StageOf(const Visit& visit) const;
  void CollectVisits(MapCounts& counts);
  void CollectTouch(const segmentation::Touch& touch, size_t visit);
  void CollectEnd(size_t visit, StageCounts& counts);
  void CollectContacts(const segmentation::Profile& profile);
  void CountTouchpoints(const segmentation::Trail& trail, MapCounts& counts);
  Feelings CountCell(size_t begin, size_t end, CellCounts& cell);
  void CountActions(MapCounts& counts);
  void CountStages(MapCounts& counts) const;
  void CountRoad(MapCounts& counts) const;
  void CountConformance(MapCounts& counts) const;
  void CountScores(KpiCounts& counts) const;

  const playbook::Playbook& playbook_;
  const playbook::Journey& journey_;
  const MapPeriod period_;
  const OrderCounter orders_;
  absl::flat_hash_set<segmentation::NameId> trouble_;  // event types

  // Of the customer.
  std::vector<Visit> visits_;
  std::vector<Stays> stays_;  // as MapCounts::stages
  std::vector<Seen> seen_;
  std::vector<SeenAction> actions_;
  std::vector<size_t> road_;  // the stages of the visits of the period
  NewestScore nps_;
  NewestScore csat_;
  NewestScore ces_;
  NewestScore rating_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_MAP_COUNTER_H_
