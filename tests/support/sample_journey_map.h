#ifndef WAYMARK_TESTS_SUPPORT_SAMPLE_JOURNEY_MAP_H_
#define WAYMARK_TESTS_SUPPORT_SAMPLE_JOURNEY_MAP_H_

#include "waymark/v1/journey.pb.h"

namespace waymark {

// A synthetic answer that looks like a shop's: six stages, sixteen touchpoints, a map to compare with. The same each
// time.
v1::GetJourneyMapResponse SampleJourneyMap();

// The largest that is to be shown: 32 stages x 200 touchpoints, nearly every cell filled.
v1::GetJourneyMapResponse HugeJourneyMap();

// A road on which nobody was.
v1::GetJourneyMapResponse EmptyJourneyMap();

// The sample with names that try to be markup, script and style.
v1::GetJourneyMapResponse HostileJourneyMap();

}  // namespace waymark

#endif  // WAYMARK_TESTS_SUPPORT_SAMPLE_JOURNEY_MAP_H_
