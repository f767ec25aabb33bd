#ifndef WAYMARK_SERVICE_CLI_JOURNEY_PAGE_PARTS_H_
#define WAYMARK_SERVICE_CLI_JOURNEY_PAGE_PARTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/cli/journey_page_markup.h"
#include "service/cli/journey_page_view.h"

// The parts of JourneyPage, from its head to its foot.
namespace waymark::cli {

struct JourneyPageParts {
  const Words& words;
  const MapView& view;
  const MapView* before;  // what it is compared with; may be null
  Markup& out;

  absl::string_view Say(absl::string_view english, absl::string_view german) const {
    return words.Say(english, german);
  }
};

extern const absl::string_view kJourneyPageStyle;

// Title, selection, age, and what is most worth knowing in a few sentences.
void AppendJourneyHead(const JourneyPageParts& page, const v1::GetJourneyMapResponse& response, absl::Time now);
void AppendKpis(const JourneyPageParts& page);
// The stages with their flows, emotions, figures and touchpoints.
void AppendJourneyTable(const JourneyPageParts& page);
// Of that table: the rows of the stages' figures.
void AppendStageFigures(const JourneyPageParts& page);
// And a body a channel, headed by its name and, so that far down a reader knows the columns, by the stages'. With
// `shown` cells open their details, which are to be written after all tables: cell i of `shown`, to which this adds,
// those with the id "c<i>".
using ShownCells = std::vector<const v1::MapCell*>;
void AppendChannels(const JourneyPageParts& page, const std::vector<const v1::MapTouchpoint*>& touchpoints,
                    ShownCells* shown);
void AppendCellDetails(const JourneyPageParts& page, const ShownCells& shown);
// Pain points and opportunities.
void AppendFindings(const JourneyPageParts& page);
void AppendConformance(const JourneyPageParts& page);
void AppendCohorts(const JourneyPageParts& page);
void AppendResponses(const JourneyPageParts& page);
void AppendJourneyFoot(const JourneyPageParts& page);

// "everyone", "Segment vip · Persona saver", and the period.
std::string SelectionText(const v1::JourneyMap& map, const Words& words);
std::string PeriodText(const v1::JourneyMap& map, const Words& words);

// A face as an image; what it says is for screen readers alone.
void AppendFace(const JourneyPageParts& page, const v1::Emotion* emotion);

// A number now and before, each with its interval where it has one.
struct Compared {
  double value = 0, low = 0, high = 0;
};
// An arrow and `amount`, then `clear` where the difference exceeds both intervals (they do not overlap), else
// `unclear`. Numbers without intervals have neither.
void AppendDifference(const JourneyPageParts& page, const Compared& now, const Compared& then, absl::string_view amount,
                      absl::string_view clear, absl::string_view unclear);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_JOURNEY_PAGE_PARTS_H_
