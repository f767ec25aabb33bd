#include "service/store/stored_profiles.h"

#include "service/store/sealed.h"

namespace waymark::store {

absl::StatusOr<StoredProfile> StoredProfiles::Decode(size_t i) const {
  const absl::string_view stored = value(i);
  if (stored.empty()) return StoredProfile{};
  return UnsealProfile(stored, owner(i));
}

absl::Status StoredProfiles::Decode(size_t i, StoredProfile& stored) const {
  const absl::string_view found = value(i);
  if (!found.empty()) return UnsealProfile(found, stored, owner(i));
  stored = StoredProfile{};
  return absl::OkStatus();
}

void StoredProfiles::Reserve(size_t profiles, size_t bytes) {
  ends_.reserve(profiles);
  owners_.reserve(profiles);
  bytes_.reserve(bytes);
}

void StoredProfiles::Add(absl::string_view value, uint64_t owner) {
  bytes_.append(value.data(), value.size());
  ends_.push_back(bytes_.size());
  owners_.push_back(owner);
}

void StoredProfiles::Append(const StoredProfiles& others) {
  const size_t before = bytes_.size();
  bytes_.append(others.bytes_);
  for (size_t end : others.ends_) ends_.push_back(before + end);
  owners_.insert(owners_.end(), others.owners_.begin(), others.owners_.end());
}

absl::string_view StoredProfiles::value(size_t i) const {
  const size_t begin = i == 0 ? 0 : ends_[i - 1];
  return absl::string_view(bytes_).substr(begin, ends_[i] - begin);
}

}  // namespace waymark::store
