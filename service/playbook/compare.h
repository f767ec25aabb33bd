#ifndef WAYMARK_SERVICE_PLAYBOOK_COMPARE_H_
#define WAYMARK_SERVICE_PLAYBOOK_COMPARE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace waymark::playbook {

enum class DifferenceKind { kAdded, kRemoved, kChanged };

// What one element of a playbook would become.
struct Difference {
  DifferenceKind kind = DifferenceKind::kChanged;
  std::string list;                 // "segments"; "currency" for what is in no list
  std::string name;                 // of the element; empty for what is in no list
  std::vector<std::string> fields;  // kChanged, of an element: which of its fields, in the proto's order

  friend bool operator==(const Difference&, const Difference&) = default;
};

// What changes from one text to another, as far as they can be read: in the order of the proto's fields, and by name
// within a list. The order of a list's elements, comments and notation make no difference. Pure.
std::vector<Difference> ComparePlaybooks(absl::string_view before, absl::string_view after);

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_COMPARE_H_
