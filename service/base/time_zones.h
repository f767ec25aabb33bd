#ifndef WAYMARK_SERVICE_BASE_TIME_ZONES_H_
#define WAYMARK_SERVICE_BASE_TIME_ZONES_H_

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

namespace waymark::base {

// All IANA time zones of this machine by name ("Europe/Berlin"), as the package tzdata has them below
// /usr/share/zoneinfo ($TZDIR); UTC alone where it is not installed. The first call reads some 600 files, tens of
// milliseconds; the others are a load. What it gives asks for no file any more. Thread-safe.
const std::shared_ptr<const absl::flat_hash_map<std::string, absl::TimeZone>>& TimeZones();

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_TIME_ZONES_H_
