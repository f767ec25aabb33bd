#ifndef WAYMARK_SERVICE_STORE_STORED_PROFILES_H_
#define WAYMARK_SERVICE_STORE_STORED_PROFILES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "segmentation/profile.h"

namespace waymark::store {

// A profile as it was read, and the revision that names this state of it.
struct StoredProfile {
  uint64_t revision = 0;  // 0: there is no such customer, and the profile is empty
  segmentation::Profile profile;
};

// Profiles as they were read, in the bytes at rest. Decoding costs the thread that wants them, one at a time, and not
// the one that serves the store; and what waits to be looked at takes no more memory than it takes at rest.
// Thread-compatible.
class StoredProfiles {
 public:
  size_t size() const { return ends_.size(); }
  // All values together.
  size_t bytes() const { return bytes_.size(); }

  // The i-th; revision 0 where there is none. DATA_LOSS for this one alone.
  absl::StatusOr<StoredProfile> Decode(size_t i) const;
  // The same in the place of another profile, whose lists keep their memory; where it fails that is in any state.
  absl::Status Decode(size_t i, StoredProfile& stored) const;

  // Makes room for what will be added.
  void Reserve(size_t profiles, size_t bytes);
  // Adds a stored value (sealed.h), or that there is none.
  void Add(absl::string_view value, uint64_t owner = 0);
  // Adds those of another, after its own.
  void Append(const StoredProfiles& others);

  // The i-th as it is at rest; empty where there is none.
  absl::string_view value(size_t i) const;
  uint64_t owner(size_t i) const { return owners_[i]; }

 private:
  std::string bytes_;         // all values, one after the other
  std::vector<size_t> ends_;  // where each ends
  std::vector<uint64_t> owners_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_STORED_PROFILES_H_
