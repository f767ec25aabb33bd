#ifndef WAYMARK_SEGMENTATION_MENTIONS_H_
#define WAYMARK_SEGMENTATION_MENTIONS_H_

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "segmentation/stable_hash.h"

namespace waymark::segmentation {

// The names of one kind that rules mention, each at a place of its own, so that what a profile has of them is found in
// one walk for all rules, not in a search for each.
class Mentions {
 public:
  // The name's place; the same for the same name.
  size_t Add(NameId name) {
    auto it = std::lower_bound(places_.begin(), places_.end(), name,
                               [](const auto& place, NameId wanted) { return place.first < wanted; });
    if (it == places_.end() || it->first != name) it = places_.insert(it, {name, places_.size()});
    return it->second;
  }

  size_t size() const { return places_.size(); }

  // For each place, the entry that has its name; nullptr where there is none. `entries` ascend by name, and each name
  // is there once. `found` has size() elements. O(entries + size()).
  template <typename Entry>
  void FindIn(const std::vector<Entry>& entries, NameId Entry::*name, const Entry** found) const {
    auto entry = entries.begin();
    for (const auto& [wanted, place] : places_) {
      while (entry != entries.end() && (*entry).*name < wanted) ++entry;
      found[place] = entry != entries.end() && (*entry).*name == wanted ? &*entry : nullptr;
    }
  }

 private:
  std::vector<std::pair<NameId, size_t>> places_;  // ascending by name
};

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_MENTIONS_H_
