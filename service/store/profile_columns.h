#ifndef WAYMARK_SERVICE_STORE_PROFILE_COLUMNS_H_
#define WAYMARK_SERVICE_STORE_PROFILE_COLUMNS_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

// The bytes of a waymark.storage.v1.Profile, or of its Trail, taken apart in place: no copies, no allocation. Stores
// read millions of profiles a walk, and a protobuf message in between would take as long as all the rest of decoding.
// Single-threaded.
namespace waymark::store {

// The varints of a packed list, taken one at a time. A list that ends too early, or has a number that no 64 bits hold,
// gives 0 and is not AtEnd() any more.
class PackedVarints {
 public:
  explicit PackedVarints(absl::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  uint64_t Take() {
    if (at_ != end_ && static_cast<signed char>(*at_) >= 0) return static_cast<uint64_t>(*at_++);
    return TakeLong();
  }
  uint32_t TakeUint32() { return static_cast<uint32_t>(Take()); }
  // Of sint64 and sint32.
  int64_t TakeSigned() { return ZigZag(Take()); }
  int32_t TakeSigned32() { return static_cast<int32_t>(ZigZag(static_cast<uint32_t>(Take()))); }

  static int64_t ZigZag(uint64_t number) { return static_cast<int64_t>((number >> 1) ^ (~(number & 1) + 1)); }

  // At most so many numbers are left.
  size_t most() const { return static_cast<size_t>(end_ - at_); }
  // Whether exactly what there is was taken.
  bool AtEnd() const { return at_ == end_ && intact_; }

 private:
  uint64_t TakeLong();

  const char* at_;
  const char* end_;
  bool intact_ = true;
};

template <typename Number>
Number LittleEndian(const char* bytes) {
  static_assert(std::endian::native == std::endian::little, "elsewhere, the bytes have to be turned around");
  Number number = 0;
  std::memcpy(&number, bytes, sizeof(number));
  return number;
}

// The fixed32 or fixed64 numbers of a packed list.
template <typename Number>
class PackedFixed {
 public:
  explicit PackedFixed(absl::string_view bytes) : bytes_(bytes) {}

  // What follows the last whole one does not count: see whole().
  size_t size() const { return bytes_.size() / sizeof(Number); }
  bool empty() const { return bytes_.empty(); }
  bool whole() const { return bytes_.size() % sizeof(Number) == 0; }

  // REQUIRES: i < size().
  Number operator[](size_t i) const { return LittleEndian<Number>(bytes_.data() + i * sizeof(Number)); }

 private:
  absl::string_view bytes_;
};

// Which message the bytes are of.
enum class ColumnsOf { kProfile, kTrail };

class ProfileColumns {
 public:
  explicit ProfileColumns(ColumnsOf message = ColumnsOf::kProfile) : message_(message) {}

  enum class Reading {
    kRead,
    kDamaged,  // these are not the bytes of a message, or not as Encode writes them: each field once, lists packed
    kUnknown,  // there is a field that this version does not know
  };

  // Borrows the bytes. Only after kRead, the others may be called.
  Reading Read(absl::string_view bytes);

  // By the field's number; what is not there is 0 or empty.
  uint64_t number(int field) const { return fields_[static_cast<size_t>(field)].number; }
  int64_t signed_number(int field) const { return PackedVarints::ZigZag(number(field)); }
  absl::string_view bytes(int field) const {
    const Field& found = fields_[static_cast<size_t>(field)];
    return {found.data, static_cast<size_t>(found.number)};
  }
  PackedVarints varints(int field) const { return PackedVarints(bytes(field)); }
  PackedFixed<uint32_t> fixed32(int field) const { return PackedFixed<uint32_t>(bytes(field)); }
  PackedFixed<uint64_t> fixed64(int field) const { return PackedFixed<uint64_t>(bytes(field)); }

  // The fields are numbered from 1 on.
  static int LastField(ColumnsOf message) { return message == ColumnsOf::kProfile ? kLastProfileField : 16; }
  // Whether the field is one number; the others are lists and bytes.
  static bool IsNumber(int field, ColumnsOf message);

 private:
  struct Field {
    const char* data = nullptr;
    uint64_t number = 0;  // or how many bytes
  };

  static constexpr int kLastProfileField = 55;

  ColumnsOf message_;
  std::array<Field, kLastProfileField + 1> fields_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_PROFILE_COLUMNS_H_
