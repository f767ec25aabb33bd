#include "service/store/redis/slots.h"

#include <array>
#include <cstddef>

#include "segmentation/stable_hash.h"

namespace waymark::store {
namespace {

constexpr std::array<uint16_t, 256> kCrcOfByte = [] {
  std::array<uint16_t, 256> crcs{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0);
    crcs[byte] = static_cast<uint16_t>(crc);
  }
  return crcs;
}();

template <typename Bytes>
constexpr uint16_t SlotOfTag(const Bytes& bytes) {
  uint16_t crc = 0;
  for (const char c : bytes) {
    crc = static_cast<uint16_t>(crc << 8 ^ kCrcOfByte[(crc >> 8 ^ static_cast<uint8_t>(c)) & 0xff]);
  }
  return crc % kSlots;
}

using Tag = std::array<char, 3>;

constexpr std::array<Tag, kBuckets> kTags = [] {
  std::array<Tag, kBuckets> tags{};
  for (int number = 999; number >= 0; --number) {
    const Tag tag = {static_cast<char>('0' + number / 100), static_cast<char>('0' + number / 10 % 10),
                     static_cast<char>('0' + number % 10)};
    tags[static_cast<size_t>(SlotOfTag(tag) / kSlotsPerBucket)] = tag;
  }
  return tags;
}();

static_assert(
    [] {
      for (const Tag& tag : kTags) {
        if (tag[0] == 0) return false;
      }
      return true;
    }(),
    "every bucket has a tag");

}  // namespace

uint16_t SlotOf(absl::string_view key) {
  const size_t open = key.find('{');
  if (open == absl::string_view::npos) return SlotOfTag(key);
  const size_t close = key.find('}', open + 1);
  if (close == absl::string_view::npos || close == open + 1) return SlotOfTag(key);
  return SlotOfTag(key.substr(open + 1, close - open - 1));
}

int BucketOf(absl::string_view name) { return static_cast<int>(segmentation::StableHash(name) % kBuckets); }

absl::string_view TagOf(int bucket) {
  const Tag& tag = kTags[static_cast<size_t>(bucket)];
  return {tag.data(), tag.size()};
}

}  // namespace waymark::store
