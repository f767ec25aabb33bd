#ifndef WAYMARK_SEGMENTATION_EXPRESSION_ERRORS_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_ERRORS_H_

#include <initializer_list>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "segmentation/expression/arena.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

// An error whose message is the parts, one after another, made in the arena.
Value MakeError(Arena& arena, ErrorCode code, std::initializer_list<absl::string_view> parts);

// The operands of `what` ("`+`", "size()") have no such operation. Names types, never values.
Value NoSuchOverload(Arena& arena, absl::string_view what, absl::Span<const Value> operands);

// Whether a map may have keys of this kind.
inline bool IsKey(Kind kind) {
  return kind == Kind::kBool || kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kString;
}

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_ERRORS_H_
