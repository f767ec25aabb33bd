#ifndef WAYMARK_SEGMENTATION_EXPRESSION_ESCAPE_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_ESCAPE_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace waymark::expression {

// Appends a text to another in a form that is safe where it will stand.
using Escape = absl::FunctionRef<void(absl::string_view text, std::string* out)>;

// As it is: plain text.
void EscapeNothing(absl::string_view text, std::string* out);

// For HTML's text and quoted attributes: & < > " ' as character references.
void EscapeHtml(absl::string_view text, std::string* out);

// For the inside of a JSON string, which stays safe within <script> too: " \ and control characters, and < > & U+2028
// U+2029, as escapes. What is not valid UTF-8 becomes U+FFFD.
void EscapeJson(absl::string_view text, std::string* out);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_ESCAPE_H_
