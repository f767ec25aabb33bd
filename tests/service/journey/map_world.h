#ifndef WAYMARK_TESTS_SERVICE_JOURNEY_MAP_WORLD_H_
#define WAYMARK_TESTS_SERVICE_JOURNEY_MAP_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/profile.h"
#include "service/journey/map.h"
#include "service/journey/map_counter.h"
#include "service/playbook/playbook.h"

namespace waymark::journey {

// What a few customers did, as plain lists, and the profiles that come of it: for tests of maps.

inline const absl::Time kMapStart = absl::FromCivil(absl::CivilDay(2026, 1, 1), absl::UTCTimeZone());
inline absl::Time Day(double days) { return kMapStart + absl::Hours(24) * days; }

struct RawStay {
  std::string stage;
  absl::Time entered;
};

struct RawTouch {
  absl::Time at;
  std::string type;
  std::string touchpoint;  // empty: not known
  int64_t value_micros = 0;
  absl::optional<int> sentiment;
  std::string action;
};

struct RawContact {
  absl::Time at;
  std::string action;
};

struct RawCustomer {
  std::vector<RawStay> stays;     // the oldest first
  std::vector<RawTouch> touches;  // by time
  std::vector<RawContact> contacts;
  absl::optional<double> lifetime_value;
  absl::Time dropped_until = absl::InfinitePast();  // events of before may be missing
};

// The road a, b, c, d, on channels web, email and support.
std::shared_ptr<const playbook::Playbook> MapPlaybook();

segmentation::Profile ProfileOf(const playbook::Playbook& playbook, const RawCustomer& customer);

MapCounts CountsOf(const playbook::Playbook& playbook, absl::Span<const RawCustomer> customers,
                   const MapPeriod& period);
JourneyMap MapOf(const playbook::Playbook& playbook, absl::Span<const RawCustomer> customers,
                 const MapOptions& options);

// Up to `most` customers of any kind. Deterministic in the seed.
std::vector<RawCustomer> RandomCustomers(uint64_t seed, int most);

// The cell or stage of the name; nullptr where there is none.
const MapCell* FindCell(const JourneyMap& map, absl::string_view stage, absl::string_view touchpoint);
const MapStage* FindStage(const JourneyMap& map, absl::string_view stage);
const MapTouchpoint* FindTouchpoint(const JourneyMap& map, absl::string_view touchpoint);

}  // namespace waymark::journey

#endif  // WAYMARK_TESTS_SERVICE_JOURNEY_MAP_WORLD_H_
