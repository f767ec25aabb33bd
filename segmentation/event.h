#ifndef WAYMARK_SEGMENTATION_EVENT_H_
#define WAYMARK_SEGMENTATION_EVENT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/profile.h"
#include "segmentation/stable_hash.h"

namespace waymark::segmentation {

// One thing a customer did. A value whose fields were checked at the door.
struct Event {
  std::string id;
  NameId type{};
  absl::Time time;                   // whole milliseconds
  int64_t value_micros = 0;          // money or number, in millionths
  absl::optional<Contact> exposure;  // an impression that counts against limits
};

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_EVENT_H_
