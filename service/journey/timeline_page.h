#ifndef WAYMARK_SERVICE_JOURNEY_TIMELINE_PAGE_H_
#define WAYMARK_SERVICE_JOURNEY_TIMELINE_PAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/journey/timeline.h"

namespace waymark::journey {

// An entry's place in its timeline. What comes later has a greater one, and no entry of another moment or kind changes
// it: so it holds while events come in, and while what is older goes.
struct TimelinePlace {
  absl::Time time;
  int kind = 0;     // the order of the kinds at one moment
  int ordinal = 0;  // among the entries of one kind at one moment

  friend bool operator==(const TimelinePlace&, const TimelinePlace&) = default;
};

// A page, the newest first.
struct TimelinePage {
  std::vector<TimelineEntry> entries;
  absl::optional<TimelinePlace> end;  // of the last entry, where older ones follow
};

// The newest `size` entries that are older than the place where the page before ended; absent: the first page.
// `timeline` as TimelineOf gives it. O(timeline).
TimelinePage PageOf(const std::vector<TimelineEntry>& timeline, const absl::optional<TimelinePlace>& before,
                    size_t size);

// The place as URL-safe text. `request` names whose timeline it is of which journey (a StableHash).
std::string EncodePlace(const TimelinePlace& place, uint64_t request);
// nullopt: no such text, or one of another request.
absl::optional<TimelinePlace> DecodePlace(absl::string_view text, uint64_t request);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_TIMELINE_PAGE_H_
