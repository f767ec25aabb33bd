#ifndef WAYMARK_SERVICE_PLAYBOOK_PROBLEMS_H_
#define WAYMARK_SERVICE_PLAYBOOK_PROBLEMS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/playbook/problem.h"
#include "service/playbook/yaml_reader.h"

namespace waymark::playbook {

// Collects what is wrong with one text, at its places. Borrows the positions.
class Problems {
 public:
  explicit Problems(const Positions& positions) : positions_(positions) {}

  void Add(std::string field, std::string message) {
    const Position at = positions_.Of(field);
    list_.push_back({std::move(field), at.line, at.column, std::move(message)});
  }

  // A place within the text of a scalar.
  void AddWithin(std::string field, int line, int column, std::string message) {
    const Position at = positions_.Within(field, line, column);
    list_.push_back({std::move(field), at.line, at.column, std::move(message)});
  }

  bool empty() const { return list_.empty(); }
  // Whether there are so many that looking for more is not worth the time.
  bool full() const { return list_.size() >= kMaxProblems; }
  // Whether there are so few that looking for what was meant is worth the time: it compares with every name.
  bool few() const { return list_.size() < 20; }
  std::vector<Problem> Take() { return std::move(list_); }

 private:
  const Positions& positions_;
  std::vector<Problem> list_;
};

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_PROBLEMS_H_
