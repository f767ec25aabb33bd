#ifndef WAYMARK_SERVICE_PLAYBOOK_NAMES_H_
#define WAYMARK_SERVICE_PLAYBOOK_NAMES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "segmentation/expression/suggestions.h"
#include "segmentation/stable_hash.h"
#include "service/playbook/problems.h"

namespace waymark::playbook {

// 1 to 64 of [a-z0-9_], beginning with a letter.
bool IsName(absl::string_view text);

// The names of one kind ("segment"), and the index of each. Adds a problem for every name that is missing, malformed or
// given twice.
class NameIndex {
 public:
  NameIndex(std::string kind, Problems& problems) : kind_(std::move(kind)), problems_(problems) {}

  // `field` is where the name stands.
  void Add(const std::string& field, const std::string& name);

  // The index of a name that `field` mentions; -1, and a problem, where there is none.
  int Find(const std::string& field, absl::string_view name) const;

  // The index of a name; -1 where there is none.
  int IndexOf(absl::string_view name) const;

  const std::vector<std::string>& names() const { return names_; }

 private:
  std::string kind_;
  Problems& problems_;
  std::vector<std::string> names_;
  absl::flat_hash_map<std::string, int> index_;
};

// What every id is called. Adds a problem where two names have one id.
class IdBook {
 public:
  explicit IdBook(Problems& problems) : problems_(problems) {}

  segmentation::NameId Add(const std::string& field, const std::string& name);
  absl::flat_hash_map<segmentation::NameId, std::string> Take() { return std::move(names_); }

 private:
  Problems& problems_;
  absl::flat_hash_map<segmentation::NameId, std::string> names_;
};

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_NAMES_H_
