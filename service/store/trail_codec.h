#ifndef WAYMARK_SERVICE_STORE_TRAIL_CODEC_H_
#define WAYMARK_SERVICE_STORE_TRAIL_CODEC_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "segmentation/profile.h"

namespace waymark::store {

// A profile's trail as its bytes (waymark.storage.v1.Trail), some 5 a touch with a value; times are kept as differences
// from `created_ms` of the profile.
void EncodeTrail(const segmentation::Trail& trail, int64_t created_ms, std::string& out);

// In the place of what `trail` holds; whether the bytes are what EncodeTrail gave. Empty bytes are an empty trail.
bool DecodeTrail(absl::string_view bytes, int64_t created_ms, segmentation::Trail& trail);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_TRAIL_CODEC_H_
