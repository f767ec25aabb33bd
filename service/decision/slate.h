#ifndef WAYMARK_SERVICE_DECISION_SLATE_H_
#define WAYMARK_SERVICE_DECISION_SLATE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "service/decision/decision.h"
#include "service/playbook/playbook.h"

namespace waymark::decision {

// The actions of one call so far, in all its placements. Borrows the playbook. Single-threaded.
class Slate {
 public:
  explicit Slate(const playbook::Playbook& playbook) : playbook_(playbook) {}

  // kChosen where the action may join the others; kOutranked where it is one of them; kSlate where one of them, or how
  // many of its group there are, keeps it out. Where `detail` is not null, it is told what. O(given).
  Reason Check(int action, std::string* detail) const;

  void Take(int action) { given_.push_back(action); }

  size_t size() const { return given_.size(); }
  // Takes back all but the first `size`.
  void Rewind(size_t size) { given_.resize(size); }

 private:
  const playbook::Playbook& playbook_;
  std::vector<int> given_;
};

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_SLATE_H_
