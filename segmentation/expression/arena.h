#ifndef WAYMARK_SEGMENTATION_EXPRESSION_ARENA_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_ARENA_H_

#include <array>
#include <cstddef>
#include <cstring>
#include <memory_resource>
#include <new>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

// Where one evaluation puts the strings, lists and maps that it makes. The first KiB is inside, so that common rules do
// not allocate. Nothing is freed before the arena. Single-threaded.
class Arena {
 public:
  Arena() : resource_(first_.data(), first_.size()) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // A copy of `text` that lives as long as the arena.
  absl::string_view Copy(absl::string_view text) {
    char* place = static_cast<char*>(resource_.allocate(text.size() + 1, 1));
    std::memcpy(place, text.data(), text.size());
    return absl::string_view(place, text.size());
  }

  // A copy of `elements`; T is trivially destructible.
  template <typename T>
  absl::Span<const T> Copy(absl::Span<const T> elements) {
    T* place = static_cast<T*>(resource_.allocate(elements.size() * sizeof(T) + 1, alignof(T)));
    for (size_t i = 0; i < elements.size(); ++i) new (place + i) T(elements[i]);
    return absl::Span<const T>(place, elements.size());
  }

  // Room for `count` elements of T, not yet constructed, to be filled in place.
  template <typename T>
  T* Allocate(size_t count) {
    return static_cast<T*>(resource_.allocate(count * sizeof(T) + 1, alignof(T)));
  }

  // A T that lives as long as the arena; T is trivially destructible.
  template <typename T>
  const T* New(T value) {
    return new (resource_.allocate(sizeof(T), alignof(T))) T(std::move(value));
  }

 private:
  alignas(std::max_align_t) std::array<std::byte, 1024> first_;
  std::pmr::monotonic_buffer_resource resource_;
};

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_ARENA_H_
