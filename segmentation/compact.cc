#include "segmentation/compact.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

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
constexpr size_t kOutcome = 20;
constexpr size_t kSeenEvent = 7;
constexpr size_t kAffinity = 8;
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

// The series that holds the oldest of these buckets that may go; nullptr where none may: each type keeps its newest.
Series* Oldest(std::vector<Series>& all, std::vector<Bucket> Series::*buckets) {
  Series* oldest = nullptr;
  for (Series& series : all) {
    if ((series.*buckets).size() < 2) continue;
    if (oldest == nullptr || (series.*buckets).front().index < (oldest->*buckets).front().index) oldest = &series;
  }
  return oldest;
}

size_t BoundBytes(const Series& series) { return kSeries + (series.hours.size() + series.days.size()) * kBucket; }

// Drops series, that of the oldest last event first, until so many bytes are gone.
void DropSeries(Profile& profile, size_t bytes) {
  std::vector<Series> all = profile.ledger.series();
  std::sort(all.begin(), all.end(),
            [](const Series& a, const Series& b) { return std::tie(a.last, a.event) > std::tie(b.last, b.event); });
  while (!all.empty() && bytes > 0) {
    bytes -= std::min(bytes, BoundBytes(all.back()));
    all.pop_back();
    ++profile.compacted;
  }
  std::sort(all.begin(), all.end(), [](const Series& a, const Series& b) { return a.event < b.event; });
  profile.ledger.set_series(std::move(all));
}

}  // namespace

size_t BoundBytes(const Profile& profile) {
  size_t bytes = kFixed;
  for (const Trait& trait : profile.traits) bytes += kTrait + BoundBytes(trait.value);
  bytes += profile.consents.size() * kConsent;
  for (const Series& series : profile.ledger.series()) bytes += BoundBytes(series);
  for (const JourneyPosition& position : profile.positions) bytes += kPosition + position.history.size() * kStageEntry;
  bytes += profile.contacts.size() * kContact + profile.seen.size() * kSeenEvent;
  bytes += profile.outcomes.size() * kOutcome + profile.affinities.size() * kAffinity;
  return bytes + profile.derived.segments.size() * kSegment;
}

void Compact(Profile& profile, size_t max_bytes) {
  size_t bytes = BoundBytes(profile);
  if (bytes <= max_bytes) return;
  std::vector<Series> series = profile.ledger.series();
  const auto drop_buckets = [&](std::vector<Bucket> Series::*buckets) {
    for (Series* oldest = Oldest(series, buckets); bytes > max_bytes && oldest != nullptr;
         oldest = Oldest(series, buckets)) {
      (oldest->*buckets).erase((oldest->*buckets).begin());
      bytes -= kBucket;
      ++profile.compacted;
    }
  };
  drop_buckets(&Series::days);
  drop_buckets(&Series::hours);
  profile.ledger.set_series(std::move(series));
  if (bytes <= max_bytes) return;
  const size_t ids = std::min(profile.seen.size(), (bytes - max_bytes) / kSeenEvent + 1);
  profile.seen.erase(profile.seen.begin(), profile.seen.begin() + static_cast<std::ptrdiff_t>(ids));
  profile.compacted += ids;
  bytes -= ids * kSeenEvent;
  if (bytes > max_bytes) DropSeries(profile, bytes - max_bytes);
}

}  // namespace waymark::segmentation
