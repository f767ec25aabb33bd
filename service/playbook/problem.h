#ifndef WAYMARK_SERVICE_PLAYBOOK_PROBLEM_H_
#define WAYMARK_SERVICE_PLAYBOOK_PROBLEM_H_

#include <cstddef>
#include <string>

namespace waymark::playbook {

// More are not worth reading.
inline constexpr size_t kMaxProblems = 1000;

// One mistake of a file's author, with its place.
struct Problem {
  std::string field;  // "actions[2].eligible_when"
  int line = 0;       // 1-based; 0: about the file as a whole
  int column = 0;
  std::string message;

  friend bool operator==(const Problem&, const Problem&) = default;
};

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_PROBLEM_H_
