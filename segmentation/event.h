#ifndef WAYMARK_SEGMENTATION_EVENT_H_
#define WAYMARK_SEGMENTATION_EVENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/profile.h"
#include "segmentation/stable_hash.h"

namespace waymark::segmentation {

inline constexpr size_t kMaxLabelBytes = 64;

// Whether the text is well-formed UTF-8 without control characters.
bool IsPrintable(absl::string_view text);

// Whether the text can be an event's label: 1 to 64 bytes, printable, without '/'.
bool IsLabel(absl::string_view text);

inline constexpr size_t kMaxTouchpointBytes = 64;

// Whether the text can be a touchpoint: "channel/place", or a channel; at most 64 bytes, printable, without an empty
// channel or place.
bool IsTouchpoint(absl::string_view text);

// "web" of "web/product_page" and of "web".
absl::string_view ChannelOfTouchpoint(absl::string_view touchpoint);

// One thing a customer did. A value whose fields were checked at the door.
struct Event {
  std::string id;
  NameId type{};
  absl::Time time;                 // whole milliseconds
  int64_t value_micros = 0;        // money or number, in millionths
  std::vector<NameId> labelled;    // the series "type/label" that it belongs to beside its type's, each once
  std::vector<NameId> affinities;  // the labels and the channel that it counts toward, each once
  NameId touchpoint{};             // none: not known
  std::string touchpoint_name;     // where the playbook does not declare it
  NameId action{};                 // of an outcome: the action it came of
  absl::optional<int> sentiment;   // in hundredths, -100 to 100
  bool is_score = false;           // the value is a customer's score of its type: the newest is kept
  std::string text;                // to be kept; at most Trail::kMaxCommentBytes
  absl::optional<Contact> shown;   // an impression of what is counted when it is shown
  bool counted = false;            // whether `shown` is kept: whether a limit looks at it
  bool not_held = false;           // a budget does not hold a unit for `shown` any more
  bool only_if_allowed = false;    // where the contact policy or a budget does not allow `shown`, nothing is recorded
  absl::optional<NameId> outcome_of;  // the action that it came of, where a suppression looks at that
};

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_EVENT_H_
