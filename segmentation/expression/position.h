#ifndef WAYMARK_SEGMENTATION_EXPRESSION_POSITION_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_POSITION_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace waymark::expression {

// A place in a text, for people: both 1-based, the column in characters (code points).
struct Position {
  int line = 1;
  int column = 1;
};

// REQUIRES: offset <= text.size(). Lines end with \n, \r\n or \r.
Position PositionAt(absl::string_view text, size_t offset);

// The text of a line, without its end. Empty where there is no such line.
absl::string_view LineAt(absl::string_view text, int line);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_POSITION_H_
