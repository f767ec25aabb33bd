#include "segmentation/compact.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "segmentation/fold.h"

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
constexpr size_t kForgottenVisits = 8;
constexpr size_t kScore = 20;
constexpr size_t kTouch = 23;
constexpr size_t kTouchKind = 20;
constexpr size_t kTrail = 24;
constexpr size_t kName = 8;
constexpr size_t kComment = 16;

// Touches that stay when others make way for the ledger.
constexpr size_t kKeptTouches = 64;

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

// How many kinds of touches there are: of type, touchpoint and action.
size_t CountKinds(const Trail& trail) {
  std::vector<std::tuple<NameId, NameId, NameId>> kinds;
  kinds.reserve(trail.touches.size());
  for (const Touch& touch : trail.touches) kinds.emplace_back(touch.type, touch.touchpoint, touch.action);
  std::sort(kinds.begin(), kinds.end());
  return static_cast<size_t>(std::unique(kinds.begin(), kinds.end()) - kinds.begin());
}

size_t BoundBytes(const Trail& trail, size_t kinds) {
  size_t bytes = kTrail + trail.touches.size() * kTouch + kinds * kTouchKind;
  for (const Trail::Name& name : trail.names) bytes += kName + name.text.size();
  for (const Trail::Comment& comment : trail.comments) bytes += kComment + comment.text.size();
  return bytes;
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

// All but the trail.
size_t BoundBytesBeside(const Profile& profile) {
  size_t bytes = kFixed;
  for (const Trait& trait : profile.traits) bytes += kTrait + BoundBytes(trait.value);
  bytes += profile.consents.size() * kConsent;
  for (const Series& series : profile.ledger.series()) bytes += BoundBytes(series);
  for (const JourneyPosition& position : profile.positions) {
    bytes += kPosition + position.history.size() * kStageEntry + position.forgotten.size() * kForgottenVisits;
  }
  bytes += profile.contacts.size() * kContact + profile.seen.size() * kSeenEvent;
  bytes += profile.outcomes.size() * kOutcome + profile.affinities.size() * kAffinity;
  bytes += profile.scores.size() * kScore;
  return bytes + profile.derived.segments.size() * kSegment;
}

// Drops the oldest touches down to `kept` of them, as long as the profile is too large; says how large it is then.
size_t DropTouches(Profile& profile, size_t kept, size_t bytes, size_t max_bytes) {
  while (bytes > max_bytes && profile.trail.touches.size() > kept) {
    const size_t before = BoundBytes(profile.trail, CountKinds(profile.trail));
    const size_t wanted = (bytes - max_bytes) / (kTouch + kTouchKind) + 1;
    ForgetTouches(profile, std::min(wanted, profile.trail.touches.size() - kept));
    bytes -= before - BoundBytes(profile.trail, CountKinds(profile.trail));
  }
  return bytes;
}

}  // namespace

size_t BoundBytes(const Profile& profile) {
  return BoundBytesBeside(profile) + BoundBytes(profile.trail, CountKinds(profile.trail));
}

void Compact(Profile& profile, size_t max_bytes) {
  const size_t beside = BoundBytesBeside(profile);
  // Counting the kinds takes longer than all the rest, and hardly any profile is so large.
  if (beside + BoundBytes(profile.trail, profile.trail.touches.size()) <= max_bytes) return;
  size_t bytes = beside + BoundBytes(profile.trail, CountKinds(profile.trail));
  bytes = DropTouches(profile, kKeptTouches, bytes, max_bytes);
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
  bytes = DropTouches(profile, 0, bytes - ids * kSeenEvent, max_bytes);
  if (bytes > max_bytes) DropSeries(profile, bytes - max_bytes);
}

}  // namespace waymark::segmentation
