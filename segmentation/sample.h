#ifndef WAYMARK_SEGMENTATION_SAMPLE_H_
#define WAYMARK_SEGMENTATION_SAMPLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "segmentation/profile.h"
#include "segmentation/stable_hash.h"

namespace waymark::segmentation {

// A bounded random sample of everyone that does not depend on the order in which they come: those with the smallest
// keys, the key being a hash. T has a `key`. Thread-compatible.
template <typename T>
class SmallestKeys {
 public:
  explicit SmallestKeys(size_t max) : max_(max) {}

  // Whether who has this key would be kept now.
  bool Wants(uint64_t key) const { return heap_.size() < max_ || (max_ > 0 && key < heap_.front().key); }

  // REQUIRES: Wants(entry.key). O(log max).
  void Put(T entry) {
    if (heap_.size() == max_) {
      std::pop_heap(heap_.begin(), heap_.end(), ByKey);
      heap_.pop_back();
    }
    heap_.push_back(std::move(entry));
    std::push_heap(heap_.begin(), heap_.end(), ByKey);
  }

  // Ascending by key, so in random order; nothing is left.
  std::vector<T> Take() {
    std::sort(heap_.begin(), heap_.end(), ByKey);
    return std::exchange(heap_, {});
  }

 private:
  static bool ByKey(const T& l, const T& r) { return l.key < r.key; }

  const size_t max_;
  std::vector<T> heap_;  // the largest key first
};

// The texts of a category's values.
using CategoryTexts = absl::flat_hash_map<NameId, std::string>;

// The texts of the values of STRING traits, of everyone. Bounded: a trait of more than kMaxValues different values
// tells no kinds of customers apart (names, addresses) and is dropped, in whatever order they come. Thread-compatible.
class TraitTexts {
 public:
  static constexpr size_t kMaxValues = 1'000;

  explicit TraitTexts(std::vector<NameId> traits) : traits_(std::move(traits)) {}

  void Add(const Profile& profile) {
    for (NameId name : traits_) {
      const Trait* trait = FindTrait(profile, name);
      const auto* text = trait == nullptr ? nullptr : absl::get_if<std::string>(&trait->value);
      if (text == nullptr) continue;
      // One more than is allowed marks it.
      CategoryTexts& texts = texts_[name];
      if (texts.size() <= kMaxValues) texts.try_emplace(NameIdOf(*text), *text);
    }
  }

  // By trait; nothing is left.
  absl::flat_hash_map<NameId, CategoryTexts> Take() {
    absl::erase_if(texts_, [](const auto& trait) { return trait.second.size() > kMaxValues; });
    return std::exchange(texts_, {});
  }

 private:
  std::vector<NameId> traits_;
  absl::flat_hash_map<NameId, CategoryTexts> texts_;
};

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_SAMPLE_H_
