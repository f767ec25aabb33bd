#ifndef WAYMARK_SERVICE_STORE_CODEC_H_
#define WAYMARK_SERVICE_STORE_CODEC_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "segmentation/profile.h"

// From a profile to its bytes at rest (waymark.storage.v1.Profile) and back. Pure functions; thread-safe.
namespace waymark::store {

// Whether the ids of events that were seen are encoded, which is a third of a profile. Nothing but folding asks for
// them.
enum class EventIds { kEncode, kLeaveOut };

// Lists that should be in order must be; times are cut to whole milliseconds. One allocation, for the result.
std::string Encode(const segmentation::Profile& profile, EventIds event_ids = EventIds::kEncode);

// The profile that Encode was given. DATA_LOSS where the bytes are not a profile of a known format: unreadable, of a
// later format, columns of unequal lengths, lists that should be in order and are not. Never crashes, and takes memory
// in proportion to the bytes. Limits such as Profile::kMaxTraits are not checked, so that lowering one leaves what is
// stored readable.
absl::StatusOr<segmentation::Profile> Decode(absl::string_view bytes);
// The same in the place of another profile, whose lists keep their memory: decoding many, one after the other, hardly
// allocates. Where it fails the profile is in any state.
absl::Status Decode(absl::string_view bytes, segmentation::Profile& profile);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_CODEC_H_
