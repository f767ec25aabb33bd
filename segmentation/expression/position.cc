#include "segmentation/expression/position.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "segmentation/expression/program.h"
#include "segmentation/expression/utf8.h"

namespace waymark::expression {
namespace {

// Where the line after the one that holds `begin` begins; npos after the last.
size_t NextLine(absl::string_view text, size_t begin) {
  const size_t end = text.find_first_of("\r\n", begin);
  if (end == absl::string_view::npos) return end;
  const bool both = text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n';
  return end + (both ? 2 : 1);
}

}  // namespace

Position PositionAt(absl::string_view text, size_t offset) {
  Position position;
  size_t begin = 0;
  for (size_t next = NextLine(text, begin); next <= offset; next = NextLine(text, begin)) {
    ++position.line;
    begin = next;
  }
  position.column = 1 + static_cast<int>(CountCodePoints(text.substr(begin, offset - begin)));
  return position;
}

absl::string_view LineAt(absl::string_view text, int line) {
  size_t begin = 0;
  for (int i = 1; i < line; ++i) {
    begin = NextLine(text, begin);
    if (begin == absl::string_view::npos) return "";
  }
  return text.substr(begin, std::min(text.find_first_of("\r\n", begin), text.size()) - begin);
}

std::string Snippet(absl::string_view source, const Issue& issue) {
  const absl::string_view line = LineAt(source, issue.line);
  // Tabs stay tabs, so that the caret stands below its character however wide they are shown.
  std::string caret;
  for (char c : line) {
    if (CountCodePoints(absl::string_view(&c, 1)) == 0) continue;
    if (static_cast<int>(caret.size()) + 1 >= issue.column) break;
    caret += c == '\t' ? '\t' : ' ';
  }
  return absl::StrCat(line, "\n", caret, "^");
}

}  // namespace waymark::expression
