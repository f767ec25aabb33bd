#ifndef WAYMARK_SEGMENTATION_EXPRESSION_TEMPLATE_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_TEMPLATE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "segmentation/expression/arena.h"
#include "segmentation/expression/environment.h"
#include "segmentation/expression/escape.h"
#include "segmentation/expression/program.h"

namespace waymark::expression {

inline constexpr size_t kMaxTemplateBytes = 256 * 1024;

// A text with pieces in the rule language, "Hello {{ customer.first_name }}", compiled. Literal text is kept as it is;
// to write two opening braces, put them in a piece: {{ "{{" }}. Immutable, cheap to copy, thread-safe.
class Template {
 public:
  // The empty text.
  Template() = default;

  // The text with each piece's value in place, escaped by `escape` (see escape.h); the literal text is not escaped.
  // `arena` may be reset after. Where a piece has no value: with `missing`, that text stands in its place, escaped, if
  // what it lacks is a fact or a field that is not known. Otherwise FAILED_PRECONDITION with the evaluation's message
  // ("customer.first_name is not known"). O(size).
  absl::StatusOr<std::string> Render(Activation& activation, Arena& arena, Escape escape,
                                     absl::optional<absl::string_view> missing = absl::nullopt) const;

  // The slots of the facts that its pieces mention, ascending, each once.
  const std::vector<int>& facts() const { return facts_; }
  // The largest cost bound of a piece (see Program::cost_bound); 0 where there is none.
  int64_t cost_bound() const;
  // Whether it is literal text only.
  bool is_literal() const;

 private:
  friend class TemplateBuilder;

  // A literal text, or a program.
  struct Piece {
    std::string text;
    absl::optional<Program> program;
  };

  std::shared_ptr<const std::vector<Piece>> pieces_ = std::make_shared<const std::vector<Piece>>();
  std::vector<int> facts_;
};

// A compiled template, or every mistake in it, with positions in the template's text.
struct TemplateCompilation {
  absl::optional<Template> text;  // absent where there are issues
  std::vector<Issue> issues;
};

// A piece must give bool, int, uint, double or string, or dyn, which is looked at when it is rendered. Bounds: 256 KiB;
// each piece is bounded as a rule is.
TemplateCompilation CompileTemplate(absl::string_view text, Environment& environment);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_TEMPLATE_H_
