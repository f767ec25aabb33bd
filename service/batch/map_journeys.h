#ifndef WAYMARK_SERVICE_BATCH_MAP_JOURNEYS_H_
#define WAYMARK_SERVICE_BATCH_MAP_JOURNEYS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/batch/environment.h"
#include "service/batch/pending.h"
#include "service/batch/shared_pass.h"
#include "service/batch/walk.h"
#include "service/playbook/playbook.h"
#include "service/store/journey_records.h"

namespace waymark::batch {

struct MapRequest {
  std::string tenant;
  store::JourneyMapKey key;  // the journey's name may be empty: the primary one
  // How old counts may be that are taken as they are. Zero: none are.
  absl::Duration max_age = absl::Minutes(5);
  int workers = 1;  // threads that count, beside the caller's
  // 2,000 profiles each: the more, the less often the counts are written.
  int pages_per_claim = 16;
  bool asked = true;  // by somebody who looks at it: it is kept fresh for a while (see FreshMaps)
};

// What a map is made of.
struct CountedMap {
  std::shared_ptr<const playbook::Playbook> playbook;
  int journey = 0;   // of the playbook
  absl::Time as_of;  // of the service's clock
  WalkProgress look;
  store::JourneyCounts counts;
};

// Maps that are kept of a tenant at once.
inline constexpr size_t kMaxKeptMaps = 32;

// The record in which a kept map's counts are, by the place of its slot.
std::string MapRecordName(absl::string_view tenant, size_t slot);
std::string MapIndexName(absl::string_view tenant);
inline constexpr absl::string_view kMapIndexClass = "journey_maps";

// Counts everyone of the tenant for a map, on the caller's thread, which may block, and `workers` others; or gives the
// counts that are kept, where they are young enough.
//
// The counts are those of a look at everyone as of one moment: of a store that nobody writes to meanwhile they equal a
// recomputation from all profiles at that moment; what is recorded while the look goes on is in it or not. All calls
// for equal requests at once, of any replica, share the look, and one that nobody works on any more is resumed, where
// it is young enough (see TakePart). While somebody looks, who wants a younger one helps to end it and begins the next.
//
// Costs reading every profile once, deriving its stages, and counting it; and a write of the counts for each 32,000
// profiles. At rest a map is some 10 KB to 1 MiB; 32 are kept for each tenant, and of more the one that was
// asked for longest ago goes.
//
// `progress` is called on this thread. Errors: FAILED_PRECONDITION no playbook, or one without journeys; NOT_FOUND no
// such journey, segment or persona; RESOURCE_EXHAUSTED no threads, or the counts exceed a record; UNAVAILABLE the store
// went away or does not answer, or others replace what is counted again and again; the cancellation's.
absl::StatusOr<CountedMap> CountMap(const Environment& environment, const MapRequest& request,
                                    const PassOptions& options, const std::shared_ptr<Cancellation>& cancellation,
                                    absl::FunctionRef<void(const WalkProgress&)> progress);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_MAP_JOURNEYS_H_
