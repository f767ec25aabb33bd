#ifndef WAYMARK_SEGMENTATION_EXPRESSION_TIME_TEXT_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_TIME_TEXT_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace waymark::expression {

// RFC 3339, strictly: "2024-02-29T12:00:00.5+01:00". Digits beyond nanoseconds are cut. nullopt for anything else,
// February 30th and seconds of 60 among it. The year 0 and what a zone moves out of the years 1 to 9999 are left to
// Value::Timestamp.
absl::optional<absl::Time> ParseTimestamp(absl::string_view text);

// "1h30m", "-1.5s", "0"; units h, m, s, ms, us, ns. nullopt for anything else; beyond some 292 billion years it is
// infinite.
absl::optional<absl::Duration> ParseDuration(absl::string_view text);

// "UTC", "Europe/Berlin", "+01:00", "-02:30", "02:00"; the empty name is UTC. nullopt for an unknown one. Names are
// read from the machine's tzdata on first use.
absl::optional<absl::TimeZone> ParseTimeZone(absl::string_view text);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_TIME_TEXT_H_
