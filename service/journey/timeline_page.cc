#include "service/journey/timeline_page.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/escaping.h"
#include "segmentation/stable_hash.h"

namespace waymark::journey {
namespace {

constexpr size_t kPlaceBytes = 8 + 1 + 4;
constexpr size_t kCheckBytes = 8;

// As TimelineOf orders one moment.
int KindOf(const TimelineEntry& entry) {
  if (entry.move.has_value()) return entry.move->begins ? 0 : 3;
  return entry.shown != nullptr ? 1 : 2;
}

bool IsBefore(const TimelinePlace& a, const TimelinePlace& b) {
  return std::tie(a.time, a.kind, a.ordinal) < std::tie(b.time, b.kind, b.ordinal);
}

void AppendNumber(uint64_t number, size_t bytes, std::string& out) {
  for (size_t i = bytes; i-- > 0;) out.push_back(static_cast<char>(number >> (8 * i)));
}

uint64_t TakeNumber(absl::string_view& bytes, size_t count) {
  uint64_t number = 0;
  for (const char byte : bytes.substr(0, count)) number = number << 8 | static_cast<unsigned char>(byte);
  bytes.remove_prefix(count);
  return number;
}

}  // namespace

TimelinePage PageOf(const std::vector<TimelineEntry>& timeline, const absl::optional<TimelinePlace>& before,
                    size_t size) {
  std::vector<TimelinePlace> places;
  places.reserve(timeline.size());
  for (const TimelineEntry& entry : timeline) {
    TimelinePlace place{entry.time, KindOf(entry), 0};
    if (!places.empty() && places.back().time == place.time && places.back().kind == place.kind)
      place.ordinal = places.back().ordinal + 1;
    places.push_back(place);
  }
  size_t until = timeline.size();
  if (before.has_value()) {
    until = static_cast<size_t>(std::lower_bound(places.begin(), places.end(), *before, IsBefore) - places.begin());
  }
  const size_t from = until - std::min(until, size);
  TimelinePage page;
  page.entries.assign(timeline.rend() - static_cast<std::ptrdiff_t>(until),
                      timeline.rend() - static_cast<std::ptrdiff_t>(from));
  if (from > 0 && from < until) page.end = places[from];
  return page;
}

std::string EncodePlace(const TimelinePlace& place, uint64_t request) {
  std::string bytes;
  AppendNumber(static_cast<uint64_t>(absl::ToUnixMillis(place.time)), 8, bytes);
  AppendNumber(static_cast<uint64_t>(place.kind), 1, bytes);
  AppendNumber(static_cast<uint64_t>(place.ordinal), 4, bytes);
  AppendNumber(segmentation::StableHash(bytes, request), kCheckBytes, bytes);
  return absl::WebSafeBase64Escape(bytes);
}

absl::optional<TimelinePlace> DecodePlace(absl::string_view text, uint64_t request) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(text, &bytes) || bytes.size() != kPlaceBytes + kCheckBytes) return absl::nullopt;
  const uint64_t check = segmentation::StableHash(absl::string_view(bytes).substr(0, kPlaceBytes), request);
  absl::string_view rest = bytes;
  const auto millis = static_cast<int64_t>(TakeNumber(rest, 8));
  const auto kind = static_cast<int>(TakeNumber(rest, 1));
  const auto ordinal = static_cast<int>(static_cast<uint32_t>(TakeNumber(rest, 4)));
  if (TakeNumber(rest, kCheckBytes) != check) return absl::nullopt;
  return TimelinePlace{absl::FromUnixMillis(millis), kind, ordinal};
}

}  // namespace waymark::journey
