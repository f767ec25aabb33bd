#include "service/store/profile_columns.h"

#include "waymark/storage/v1/profile.pb.h"

namespace waymark::store {
namespace {

using Columns = storage::v1::Profile;

constexpr uint64_t kVarint = 0;
constexpr uint64_t kLengthDelimited = 2;

constexpr uint64_t Bit(int field) { return uint64_t{1} << field; }

constexpr uint64_t kNumbers = Bit(Columns::kFormatFieldNumber) | Bit(Columns::kCreatedMsFieldNumber) |
                              Bit(Columns::kUpdatedMsFieldNumber) | Bit(Columns::kValueUnitFieldNumber) |
                              Bit(Columns::kDerivedVersionFieldNumber) | Bit(Columns::kCompactedFieldNumber) |
                              Bit(Columns::kTimeUnitFieldNumber);
constexpr uint64_t kTrailNumbers =
    Bit(storage::v1::Trail::kTimeUnitFieldNumber) | Bit(storage::v1::Trail::kValueUnitFieldNumber);

// The varint at `at`; false where it does not end before `end`, or needs more than 64 bits.
bool ReadVarint(const char*& at, const char* end, uint64_t& number) {
  number = 0;
  for (int shift = 0; shift < 64 && at != end; shift += 7) {
    const auto byte = static_cast<uint8_t>(*at++);
    number |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace

uint64_t PackedVarints::TakeLong() {
  uint64_t number = 0;
  if (ReadVarint(at_, end_, number)) return number;
  at_ = end_;
  intact_ = false;
  return 0;
}

bool ProfileColumns::IsNumber(int field, ColumnsOf message) {
  return ((message == ColumnsOf::kProfile ? kNumbers : kTrailNumbers) & Bit(field)) != 0;
}

ProfileColumns::Reading ProfileColumns::Read(absl::string_view bytes) {
  fields_ = {};
  const auto last = static_cast<uint64_t>(LastField(message_));
  uint64_t seen = 0;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    uint64_t tag = 0;
    if (!ReadVarint(at, end, tag) || tag >> 3 == 0) return Reading::kDamaged;
    if (tag >> 3 > last) return Reading::kUnknown;
    const int field = static_cast<int>(tag >> 3);
    Field& found = fields_[static_cast<size_t>(field)];
    const bool is_number = IsNumber(field, message_);
    if ((seen & Bit(field)) != 0 || (tag & 7) != (is_number ? kVarint : kLengthDelimited) ||
        !ReadVarint(at, end, found.number)) {
      return Reading::kDamaged;
    }
    seen |= Bit(field);
    if (is_number) continue;
    if (found.number > static_cast<uint64_t>(end - at)) return Reading::kDamaged;
    found.data = at;
    at += found.number;
  }
  return Reading::kRead;
}

}  // namespace waymark::store
