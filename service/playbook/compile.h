#ifndef WAYMARK_SERVICE_PLAYBOOK_COMPILE_H_
#define WAYMARK_SERVICE_PLAYBOOK_COMPILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/playbook/playbook.h"
#include "service/playbook/problem.h"

namespace waymark::playbook {

// A playbook, or everything that is wrong with its text.
struct CompileResult {
  std::shared_ptr<const Playbook> playbook;  // null where there are problems
  std::vector<Problem> problems;             // by line and column
};

// Parses, checks and compiles what a person wrote (the shape is waymark.playbook.v1.Playbook's). Finds all of: what
// ReadYaml finds; names that are missing, malformed, given twice or unknown; rules that do not parse or type-check or
// can never hold; segments that depend on themselves; stages that cannot be reached; rules of stages that depend on the
// stage; fallbacks that are not always valid; numbers outside of their limits.
//
// `zones` are those that the playbook and its customers may live in (base::TimeZones()); null: UTC alone.
CompileResult CompilePlaybook(absl::string_view yaml, uint64_t version, std::shared_ptr<const TimeZones> zones);

// A segment that a playbook does not have yet, or has with another rule.
struct CandidateSegment {
  std::string name;  // empty: a name that is free
  std::string when;
};

// The same with that segment in it, as it would be applied; for previews. The candidate becomes `segments[index]`; its
// rule's problems are of the field "when", with their places in the rule's own text.
struct CandidateResult {
  CompileResult compiled;
  int index = 0;
};
CandidateResult CompileWithSegment(absl::string_view yaml, uint64_t version, std::shared_ptr<const TimeZones> zones,
                                   const CandidateSegment& candidate);

// Event types that every tenant has: GA4's, and Waymark's own.
absl::Span<const absl::string_view> BuiltInEvents();

// An event of this type that carries a decision's token counts the action as shown.
inline constexpr absl::string_view kImpression = "impression";
// That the customer does not want it, with the token of the decision.
inline constexpr absl::string_view kDismiss = "dismiss";

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_COMPILE_H_
