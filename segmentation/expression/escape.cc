#include "segmentation/expression/escape.h"

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "segmentation/expression/utf8.h"

namespace waymark::expression {
namespace {

// The escape of one ASCII character in a JSON string; empty where it stands for itself.
std::string JsonEscapeOf(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  const bool control = static_cast<uint8_t>(c) < 0x20 || c == 0x7F;
  if (!control && c != '<' && c != '>' && c != '&') return "";
  return absl::StrCat("\\u", absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad4));
}

}  // namespace

void EscapeNothing(absl::string_view text, std::string* out) { out->append(text.data(), text.size()); }

void EscapeHtml(absl::string_view text, std::string* out) {
  for (char c : text) {
    switch (c) {
      case '&':
        *out += "&amp;";
        break;
      case '<':
        *out += "&lt;";
        break;
      case '>':
        *out += "&gt;";
        break;
      case '"':
        *out += "&quot;";
        break;
      case '\'':
        *out += "&#39;";
        break;
      default:
        out->push_back(c);
    }
  }
}

void EscapeJson(absl::string_view text, std::string* out) {
  while (!text.empty()) {
    const size_t size = FirstCharacter(text);
    if (size == 0) {
      *out += "\\ufffd";
      text.remove_prefix(1);
      continue;
    }
    const absl::string_view character = text.substr(0, size);
    if (character == "\u2028") {
      *out += "\\u2028";
    } else if (character == "\u2029") {
      *out += "\\u2029";
    } else {
      const std::string escaped = size == 1 ? JsonEscapeOf(character[0]) : "";
      absl::StrAppend(out, escaped.empty() ? character : escaped);
    }
    text.remove_prefix(size);
  }
}

}  // namespace waymark::expression
