#ifndef WAYMARK_SEGMENTATION_EXPRESSION_UTF8_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace waymark::expression {

// Whether the bytes are well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool IsValidUtf8(absl::string_view bytes);

// How many bytes the first code point has; 0 where the text does not begin with a well-formed one.
size_t FirstCharacter(absl::string_view text);

// The number of code points. REQUIRES: well-formed; otherwise, of bytes that begin one.
int64_t CountCodePoints(absl::string_view text);

// Whether `code_point` may stand in a string: at most U+10FFFF and no surrogate.
bool IsScalar(uint32_t code_point);

// REQUIRES: IsScalar(code_point).
void AppendUtf8(uint32_t code_point, std::string& out);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_UTF8_H_
