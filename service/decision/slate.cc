#include "service/decision/slate.h"

#include "absl/strings/str_cat.h"

namespace waymark::decision {
namespace {

using playbook::Action;
using playbook::kNone;

}  // namespace

Reason Slate::Check(int index, std::string* detail) const {
  const Action& action = playbook_.actions[static_cast<size_t>(index)];
  int of_group = 0;
  for (int given : given_) {
    if (given == index) {
      if (detail != nullptr) *detail = "given in another placement of this call";
      return Reason::kOutranked;
    }
    const Action& other = playbook_.actions[static_cast<size_t>(given)];
    if (other.group == action.group) ++of_group;
    if (Refuses(playbook_, action, other) || Refuses(playbook_, other, action)) {
      if (detail != nullptr) *detail = absl::StrCat("never with ", other.name);
      return Reason::kSlate;
    }
  }
  if (action.group == kNone) return Reason::kChosen;
  const playbook::Group& group = playbook_.groups[static_cast<size_t>(action.group)];
  if (!group.max_per_call.has_value() || of_group < *group.max_per_call) return Reason::kChosen;
  if (detail != nullptr) *detail = absl::StrCat(group.name, ": ", *group.max_per_call, " a call");
  return Reason::kSlate;
}

}  // namespace waymark::decision
