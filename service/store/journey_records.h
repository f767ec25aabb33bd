#ifndef WAYMARK_SERVICE_STORE_JOURNEY_RECORDS_H_
#define WAYMARK_SERVICE_STORE_JOURNEY_RECORDS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/journey/map_counts.h"

// What is kept of journey maps. Values; waymark.storage.v1 says what they mean. Decode: DATA_LOSS.
namespace waymark::store {

// What a map counts.
struct JourneySelection {
  absl::Time from = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();
  std::string segment;
  std::string persona;

  friend bool operator==(const JourneySelection&, const JourneySelection&) = default;
};

struct JourneyMapKey {
  std::string journey;
  JourneySelection selection;
  absl::optional<JourneySelection> compare_with;

  friend bool operator==(const JourneyMapKey&, const JourneyMapKey&) = default;
};

// Equal keys have equal bytes. Finite times are in whole milliseconds.
std::string EncodeJourneyMapKey(const JourneyMapKey& key);
absl::StatusOr<JourneyMapKey> DecodeJourneyMapKey(absl::string_view bytes);

// A kept map, by its slot's place.
struct JourneyMapSlot {
  std::string of;  // EncodeJourneyMapKey
  absl::Time asked_at = absl::UnixEpoch();
  absl::Time as_of = absl::UnixEpoch();  // of its newest counts; the epoch: there are none

  friend bool operator==(const JourneyMapSlot&, const JourneyMapSlot&) = default;
};

std::string EncodeJourneyMapIndex(const std::vector<JourneyMapSlot>& slots);
absl::StatusOr<std::vector<JourneyMapSlot>> DecodeJourneyMapIndex(absl::string_view bytes);

// Counts of a map, and of the one beside it.
struct JourneyCounts {
  journey::MapCounts selected;
  journey::MapCounts compared;

  friend bool operator==(const JourneyCounts&, const JourneyCounts&) = default;
};

// Equal counts have equal bytes. Some milliseconds for thousands of touchpoints.
std::string EncodeJourneyCounts(const JourneyCounts& counts);
// `stages`: of the journey. Counts of another number of stages are DATA_LOSS.
absl::StatusOr<JourneyCounts> DecodeJourneyCounts(absl::string_view bytes, size_t stages);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_JOURNEY_RECORDS_H_
