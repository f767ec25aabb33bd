#ifndef WAYMARK_SERVICE_STORE_SEALED_H_
#define WAYMARK_SERVICE_STORE_SEALED_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "segmentation/profile.h"
#include "service/store/store.h"

// What every implementation keeps under a key: a revision (8 bytes, little-endian, so that a script can compare a
// prefix), a checksum (4 bytes, the lower half of the StableHash of the body, seeded with the revision) and the body.
// Where a value comes over a wire the seed also holds whose it is (`owner`, a hash of the key): an answer that was
// meant for another question is damaged then, and not somebody else's profile. Pure functions; thread-safe.
namespace waymark::store {

inline constexpr size_t kRevisionBytes = 8;

// The first bytes of a value of this revision. That of 0 stands for "no value".
std::string RevisionPrefix(uint64_t revision);

std::string Seal(uint64_t revision, absl::string_view body, uint64_t owner = 0);

// A value taken apart; `body` points into it.
struct Sealed {
  uint64_t revision = 0;
  absl::string_view body;
};

// DATA_LOSS where the value is not what Seal gave for this owner: cut off, changed, or of revision 0.
absl::StatusOr<Sealed> Unseal(absl::string_view value, uint64_t owner = 0);

// The revision alone, whatever follows it. DATA_LOSS where the value is too short, or the revision is 0.
absl::StatusOr<uint64_t> RevisionOf(absl::string_view value);

// Encode, then Seal. INVALID_ARGUMENT where the profile has more than kMaxProfileBytes.
absl::StatusOr<std::string> SealProfile(uint64_t revision, const segmentation::Profile& profile, uint64_t owner = 0);

// Unseal, then Decode.
absl::StatusOr<StoredProfile> UnsealProfile(absl::string_view value, uint64_t owner = 0);
// The same in the place of another; see Decode.
absl::Status UnsealProfile(absl::string_view value, StoredProfile& stored, uint64_t owner = 0);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_SEALED_H_
