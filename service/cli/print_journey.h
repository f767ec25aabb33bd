#ifndef WAYMARK_SERVICE_CLI_PRINT_JOURNEY_H_
#define WAYMARK_SERVICE_CLI_PRINT_JOURNEY_H_

#include <string>

#include "waymark/v1/journey.pb.h"

namespace waymark::cli {

// Where a customer stands, then a line for each entry of the timeline, the newest first. Pure.
std::string JourneyText(const v1::GetJourneyResponse& response);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_PRINT_JOURNEY_H_
