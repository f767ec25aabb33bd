#include "segmentation/compact.h"

#include <string>

namespace waymark::segmentation {
namespace {

// What each part may take at most in the storage proto, for amounts below 10^9 whole units (a test holds it against the
// codec): ids 4 bytes, times up to 7, indexes and counts up to 3, sums up to 8, and the length prefixes beside them.
constexpr size_t kFixed = 128;
constexpr size_t kTrait = 20;
constexpr size_t kConsent = 16;
constexpr size_t kSeries = 64;
constexpr size_t kBucket = 14;
constexpr size_t kPosition = 32;
constexpr size_t kStageEntry = 14;
constexpr size_t kContact = 24;
constexpr size_t kSeenEvent = 7;
constexpr size_t kSegment = 4;
constexpr size_t kText = 4;

size_t BoundBytes(const TraitValue& value) {
  if (const auto* text = absl::get_if<std::string>(&value)) return text->size() + kText;
  size_t bytes = 0;
  if (const auto* list = absl::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& text : *list) bytes += text.size() + kText;
  }
  return bytes;
}

// The series that holds the oldest day that may go; nullptr where none may.
Series* Oldest(std::vector<Series>& all) {
  Series* oldest = nullptr;
  for (Series& series : all) {
    if (series.days.size() < 2) continue;
    if (oldest == nullptr || series.days.front().index < oldest->days.front().index) oldest = &series;
  }
  return oldest;
}

}  // namespace

size_t BoundBytes(const Profile& profile) {
  size_t bytes = kFixed;
  for (const Trait& trait : profile.traits) bytes += kTrait + BoundBytes(trait.value);
  bytes += profile.consents.size() * kConsent;
  for (const Series& series : profile.ledger.series()) {
    bytes += kSeries + (series.hours.size() + series.days.size()) * kBucket;
  }
  for (const JourneyPosition& position : profile.positions) bytes += kPosition + position.history.size() * kStageEntry;
  bytes += profile.contacts.size() * kContact + profile.seen.size() * kSeenEvent;
  return bytes + profile.derived.segments.size() * kSegment;
}

void Compact(Profile& profile, size_t max_bytes) {
  size_t bytes = BoundBytes(profile);
  if (bytes <= max_bytes) return;
  std::vector<Series> series = profile.ledger.series();
  while (bytes > max_bytes) {
    Series* oldest = Oldest(series);
    if (oldest == nullptr) break;
    oldest->days.erase(oldest->days.begin());
    bytes -= kBucket;
    ++profile.compacted;
  }
  profile.ledger.set_series(std::move(series));
}

}  // namespace waymark::segmentation
