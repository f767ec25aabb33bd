#include "service/cli/journey_page_markup.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace waymark::cli {
namespace {

constexpr absl::string_view kReplacement = "\ufffd";

// Elements that begin a line, so that a person can read the source, too.
bool BeginsLine(absl::string_view tag) {
  for (const absl::string_view block :
       {"section", "header", "footer", "div", "table", "thead", "tbody", "tr",   "h1",      "h2",
        "ul",      "ol",     "li",     "dl",  "p",     "svg",   "g",     "path", "details", "script"}) {
    if (tag == block) return true;
  }
  return false;
}

// How long a piece at the beginning of `text` is that XML cannot contain; 0: none is there.
size_t Unspeakable(absl::string_view text) {
  const unsigned char first = static_cast<unsigned char>(text[0]);
  if ((first < 0x20 && first != '\t' && first != '\n' && first != '\r') || first == 0x7f) return 1;
  if (text.substr(0, 3) == "\xef\xbf\xbe" || text.substr(0, 3) == "\xef\xbf\xbf") return 3;  // U+FFFE, U+FFFF
  return 0;
}

}  // namespace

std::string Escaped(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (const size_t size = Unspeakable(text); size > 0) {
      absl::StrAppend(&out, kReplacement);
      text.remove_prefix(size);
      continue;
    }
    switch (text[0]) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += text[0];
    }
    text.remove_prefix(1);
  }
  return out;
}

void Markup::Start(absl::string_view tag, Attributes attributes) {
  if (BeginsLine(tag)) out_ += '\n';
  absl::StrAppend(&out_, "<", tag);
  for (const auto& [name, value] : attributes) {
    if (!name.empty()) absl::StrAppend(&out_, " ", name, "=\"", Escaped(value), "\"");
  }
}

Markup::Element::Element(Markup& markup, absl::string_view tag, Attributes attributes) : markup_(markup), tag_(tag) {
  markup_.Start(tag, attributes);
  markup_.out_ += '>';
}

Markup::Element::~Element() { absl::StrAppend(&markup_.out_, "</", tag_, ">"); }

void Markup::Text(absl::string_view text) { out_ += Escaped(text); }

void Markup::Leaf(absl::string_view tag, Attributes attributes, absl::string_view text) {
  const Element element(*this, tag, attributes);
  Text(text);
}

void Markup::Void(absl::string_view tag, Attributes attributes) {
  Start(tag, attributes);
  out_ += "/>";
}

void Markup::Sentence(absl::string_view text, absl::Span<const std::string> arguments) {
  while (!text.empty()) {
    const size_t gap = text.find_first_of("{[");
    Text(text.substr(0, gap));
    if (gap == absl::string_view::npos) return;
    const bool strong = text[gap] == '[';
    text.remove_prefix(gap + 1);
    const size_t end = text.find(strong ? ']' : '}');
    size_t index = 0;
    if (absl::SimpleAtoi(text.substr(0, end), &index) && index < arguments.size()) {
      if (strong) {
        Leaf("b", {}, arguments[index]);
      } else {
        Text(arguments[index]);
      }
    }
    text.remove_prefix(end == absl::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace waymark::cli
