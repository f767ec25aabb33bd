#include "service/playbook/names.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace waymark::playbook {

bool IsName(absl::string_view text) {
  if (text.empty() || text.size() > 64 || !absl::ascii_islower(text[0])) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_'; });
}

void NameIndex::Add(const std::string& field, const std::string& name) {
  if (name.empty()) {
    problems_.Add(field, absl::StrCat("this ", kind_, " needs a name"));
  } else if (!IsName(name)) {
    problems_.Add(field, "a name is 1 to 64 of a-z, 0-9 and _, beginning with a letter");
  } else if (!index_.insert({name, static_cast<int>(names_.size())}).second) {
    problems_.Add(field, absl::StrCat("there is another ", kind_, " `", name, "`"));
  }
  names_.push_back(name);
}

int NameIndex::IndexOf(absl::string_view name) const {
  auto it = index_.find(name);
  return it == index_.end() ? -1 : it->second;
}

int NameIndex::Find(const std::string& field, absl::string_view name) const {
  const int index = IndexOf(name);
  if (index >= 0) return index;
  problems_.Add(field, absl::StrCat("no ", kind_, " `", name, "` is declared",
                                    problems_.few() ? expression::DidYouMean(name, names_) : ""));
  return -1;
}

segmentation::NameId IdBook::Add(const std::string& field, const std::string& name) {
  const segmentation::NameId id = segmentation::NameIdOf(name);
  auto [it, inserted] = names_.insert({id, name});
  if (!inserted && it->second != name) {
    problems_.Add(field,
                  absl::StrCat("`", name, "` and `", it->second, "` happen to have the same id: rename one of them"));
  }
  return id;
}

}  // namespace waymark::playbook
