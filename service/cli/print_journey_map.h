#ifndef WAYMARK_SERVICE_CLI_PRINT_JOURNEY_MAP_H_
#define WAYMARK_SERVICE_CLI_PRINT_JOURNEY_MAP_H_

#include <string>

#include "waymark/v1/journey.pb.h"

// Journey maps, from the last message of GetJourneyMap. Pure.
namespace waymark::cli {

// For reading: the road, what hurts, what helps, the KPIs.
std::string JourneyMapText(const v1::GetJourneyMapResponse& response);

// For spreadsheets: a header, and a line for each stage, touchpoint and cell. The first column says of which map
// ("selected", "compared"), the second what the line is of. What is not known is empty. RFC 4180.
std::string JourneyMapCsv(const v1::GetJourneyMapResponse& response);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_PRINT_JOURNEY_MAP_H_
