#ifndef WAYMARK_SERVICE_CLI_JOURNEY_PAGE_H_
#define WAYMARK_SERVICE_CLI_JOURNEY_PAGE_H_

#include <string>

#include "absl/time/time.h"
#include "waymark/v1/journey.pb.h"

// Pictures of a journey's map, for people. Pure; linear in the stages x the touchpoints that are not empty.
namespace waymark::cli {

enum class Language { kEnglish, kGerman };

// One self-contained page: the road with its flows, touchpoints by stage, emotions, key figures, pain points in words.
// No script and no network, which its content security policy forbids; well-formed XML, so that it can be read as such,
// too. The answer itself is in it as JSON (the element with the id `waymark-map`). `response` is the last of a stream,
// the one with `done`; without a map, or with one of nobody, the page says so. `now` is for the map's age. Times are
// UTC.
std::string JourneyPage(const v1::GetJourneyMapResponse& response, Language language, absl::Time now);

// The road, the emotions and the most frequented touchpoints, for a slide: light, of a fixed size.
std::string JourneySvg(const v1::GetJourneyMapResponse& response, Language language);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_JOURNEY_PAGE_H_
