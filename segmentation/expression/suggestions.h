#ifndef WAYMARK_SEGMENTATION_EXPRESSION_SUGGESTIONS_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_SUGGESTIONS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace waymark::expression {

// "; did you mean `customer.age`?" for the candidate that is nearest to a name that does not exist: few letters apart,
// or the same but for what stands before its last dot. Empty where none is near. O(candidates × length²).
std::string DidYouMean(absl::string_view name, absl::Span<const std::string> candidates);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_SUGGESTIONS_H_
