#ifndef WAYMARK_SEGMENTATION_EXPRESSION_MESSAGES_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_MESSAGES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "segmentation/expression/functions.h"
#include "segmentation/expression/type.h"

namespace waymark::expression {

// What an issue says, for someone who knows the shop and not the language.

// "a whole number (int)", "true or false (bool)", "list(string)".
std::string Describe(const Type& type);

// No overload of the function takes arguments of these types.
std::string NoOverloadMessage(const Function& function, absl::Span<const Type> arguments);

// "first", "second", …, "9th".
std::string Ordinal(int index_from_zero);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_MESSAGES_H_
