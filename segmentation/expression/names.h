#ifndef WAYMARK_SEGMENTATION_EXPRESSION_NAMES_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

// The type that a name denotes in a rule: int, list, google.protobuf.Timestamp.
absl::optional<Kind> TypeNamed(absl::string_view name);

// The functions and macros of the language itself.
std::vector<std::string> LanguageNames();

// There is no function of this name and call style; says how it is written where there is one of the other style, and
// otherwise the nearest of `known`.
std::string UnknownFunctionMessage(absl::string_view name, bool receiver, absl::Span<const std::string> known);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_NAMES_H_
