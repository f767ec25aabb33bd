#ifndef WAYMARK_SERVICE_STORE_COLUMNS_H_
#define WAYMARK_SERVICE_STORE_COLUMNS_H_

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

// The arithmetic that encoding and decoding share: times as milliseconds, and differences that wrap around, so that no
// number is out of bounds.
namespace waymark::store {

inline constexpr uint32_t kProfileFormat = 1;
inline constexpr size_t kFingerprintBytes = 6;

inline constexpr int64_t kMillisPerHour = 60 * 60 * 1000;
inline constexpr int64_t kMillisPerDay = 24 * kMillisPerHour;

// About what the affinity of one event at that time is, in steps; so that the differences to it are small.
inline constexpr int64_t kMillisPerAffinityStep = 39'551;
// A weight beyond these is no sum of events of any times.
inline constexpr int64_t kMaxAffinityWeight = int64_t{1} << 50;

// The infinite past and future are the smallest and the largest int64.
inline int64_t MillisOf(absl::Time time) { return absl::ToUnixMillis(time); }

inline absl::Time TimeOf(int64_t millis) {
  if (millis == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  if (millis == std::numeric_limits<int64_t>::min()) return absl::InfinitePast();
  return absl::FromUnixMillis(millis);
}

inline int64_t Minus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
inline int64_t Plus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
inline int32_t Minus(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
}
inline int32_t Plus(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}

// The hour or the day, since 1970, of a time: rounded down, and cut to 32 bits.
inline int32_t BucketOf(int64_t millis, int64_t width) {
  return static_cast<int32_t>(millis / width - (millis % width < 0 ? 1 : 0));
}

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_COLUMNS_H_
