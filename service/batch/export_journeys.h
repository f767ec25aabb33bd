#ifndef WAYMARK_SERVICE_BATCH_EXPORT_JOURNEYS_H_
#define WAYMARK_SERVICE_BATCH_EXPORT_JOURNEYS_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "segmentation/profile.h"
#include "service/batch/environment.h"
#include "service/batch/selection.h"
#include "service/batch/walk.h"
#include "service/journey/timeline.h"
#include "service/playbook/playbook.h"

namespace waymark::batch {

struct ExportJourneysRequest {
  std::string tenant;
  std::string journey;  // empty: the primary one
  // What happened from `from` on and before `until`.
  absl::Time from = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();
  Selection whom;
  bool with_customer_ids = false;
};

// What one customer did within the period. Borrowed, for as long as the call that is given it.
struct JourneyTrace {
  absl::string_view customer;  // the id, or a pseudonym
  const playbook::Playbook& playbook;
  const playbook::Journey& journey;
  const segmentation::Trail& trail;
  absl::Span<const journey::TimelineEntry> entries;  // the oldest first; never empty. Without texts for a pseudonym
  absl::Span<const segmentation::NameId> segments;   // the customer is in now, ascending
};

// The traces of everyone in the selection who did something within the period, in any order, as of the moment of the
// call: a customer of whom an event comes meanwhile is as before it or as after it. On the caller's thread, which may
// block. In the memory of a Walk, and one trace.
//
// `trace` is called with one trace after the other, `page` after each page of profiles; both may block, and say whether
// more is wanted. Errors: NOT_FOUND no such journey, segment or persona; FAILED_PRECONDITION no playbook, or none with
// a journey; CANCELLED no more is wanted; and those of Walk.
absl::Status ExportJourneys(const Environment& environment, const ExportJourneysRequest& request,
                            const std::shared_ptr<Cancellation>& cancellation,
                            absl::FunctionRef<bool(const JourneyTrace&)> trace,
                            absl::FunctionRef<bool(const WalkProgress&)> page);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_EXPORT_JOURNEYS_H_
