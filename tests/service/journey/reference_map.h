#ifndef WAYMARK_TESTS_SERVICE_JOURNEY_REFERENCE_MAP_H_
#define WAYMARK_TESTS_SERVICE_JOURNEY_REFERENCE_MAP_H_

#include "absl/types/span.h"
#include "service/journey/map.h"
#include "service/playbook/playbook.h"
#include "tests/service/journey/map_world.h"

namespace waymark::journey {

// The map by its definition (journey.proto), from the plain lists, with a loop for each number: no profile, no counts,
// nothing shared but formulas of statistics, which have tests of their own. Durations are exact, lists are in no
// particular order, and there are no texts of evidence.
JourneyMap ReferenceMap(const playbook::Playbook& playbook, absl::Span<const RawCustomer> customers,
                        const MapOptions& options);

}  // namespace waymark::journey

#endif  // WAYMARK_TESTS_SERVICE_JOURNEY_REFERENCE_MAP_H_
