#include "service/store/sealed.h"

#include <utility>

#include "absl/status/status.h"
#include "segmentation/stable_hash.h"
#include "service/store/codec.h"

namespace waymark::store {
namespace {

constexpr size_t kHeaderBytes = kRevisionBytes + 4;

void PutLittleEndian(uint64_t number, size_t bytes, char* to) {
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<char>(number >> (8 * i));
}

uint64_t GetLittleEndian(absl::string_view from) {
  uint64_t number = 0;
  for (size_t i = 0; i < from.size(); ++i) number |= uint64_t{static_cast<uint8_t>(from[i])} << (8 * i);
  return number;
}

uint32_t Checksum(uint64_t revision, uint64_t owner, absl::string_view body) {
  return static_cast<uint32_t>(segmentation::StableHash(body, /*seed=*/revision ^ owner));
}

}  // namespace

std::string RevisionPrefix(uint64_t revision) {
  std::string prefix(kRevisionBytes, '\0');
  PutLittleEndian(revision, kRevisionBytes, prefix.data());
  return prefix;
}

std::string Seal(uint64_t revision, absl::string_view body, uint64_t owner) {
  std::string value;
  value.reserve(kHeaderBytes + body.size());
  value.resize(kHeaderBytes);
  PutLittleEndian(revision, kRevisionBytes, value.data());
  PutLittleEndian(Checksum(revision, owner, body), kHeaderBytes - kRevisionBytes, value.data() + kRevisionBytes);
  value.append(body.data(), body.size());
  return value;
}

absl::StatusOr<uint64_t> RevisionOf(absl::string_view value) {
  if (value.size() < kHeaderBytes) return absl::DataLossError("a stored value is cut off");
  const uint64_t revision = GetLittleEndian(value.substr(0, kRevisionBytes));
  if (revision == 0) return absl::DataLossError("a stored value has no revision");
  return revision;
}

absl::StatusOr<Sealed> Unseal(absl::string_view value, uint64_t owner) {
  const absl::StatusOr<uint64_t> revision = RevisionOf(value);
  if (!revision.ok()) return revision.status();
  const Sealed sealed{*revision, value.substr(kHeaderBytes)};
  const uint64_t checksum = GetLittleEndian(value.substr(kRevisionBytes, kHeaderBytes - kRevisionBytes));
  if (checksum != Checksum(sealed.revision, owner, sealed.body)) {
    return absl::DataLossError("a stored value does not match its checksum");
  }
  return sealed;
}

absl::StatusOr<std::string> SealProfile(uint64_t revision, const segmentation::Profile& profile, uint64_t owner) {
  const std::string body = Encode(profile);
  if (body.size() > kMaxProfileBytes) return absl::InvalidArgumentError("the profile would exceed 16 KiB");
  return Seal(revision, body, owner);
}

absl::StatusOr<StoredProfile> UnsealProfile(absl::string_view value, uint64_t owner) {
  StoredProfile stored;
  absl::Status status = UnsealProfile(value, stored, owner);
  if (!status.ok()) return status;
  return stored;
}

absl::Status UnsealProfile(absl::string_view value, StoredProfile& stored, uint64_t owner) {
  const absl::StatusOr<Sealed> sealed = Unseal(value, owner);
  if (!sealed.ok()) return sealed.status();
  stored.revision = sealed->revision;
  return Decode(sealed->body, stored.profile);
}

}  // namespace waymark::store
