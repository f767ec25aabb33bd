#include "service/playbook/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace waymark::playbook::yaml {
namespace {

constexpr size_t kMaxDepth = 64;

// Builds the tree from the parser's events. Throws the parser's own exception at a second document, and at too deep a
// nesting before the parser's recursion gets there: every level announces itself here first.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(absl::string_view text) : text_(text) {}

  std::vector<Node> TakeDocuments() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (!documents_.empty()) throw YAML::ParserException(mark, "a second document begins here; only one is read");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Add(Begin(Node::Kind::kNull, mark, "")); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node = Begin(Node::Kind::kNull, mark, "");
    node.refused = "aliases (*name) are not read: write the value out";
    Add(std::move(node));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    Node node = Begin(Node::Kind::kScalar, mark, tag);
    node.quoted = tag == "!";
    node.text = value;
    Add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Open(Begin(Node::Kind::kList, mark, tag), mark);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    Open(Begin(Node::Kind::kMap, mark, tag), mark);
  }
  void OnMapEnd() override { Close(); }

 private:
  Node Begin(Node::Kind kind, const YAML::Mark& mark, const std::string& tag) const {
    Node node;
    node.kind = kind;
    node.offset = std::min(static_cast<size_t>(std::max(mark.pos, 0)), text_.size());
    node.at = {mark.line + 1, mark.column + 1};
    if (kind == Node::Kind::kNull) return node;  // nothing is written there
    const char first = node.offset < text_.size() ? text_[node.offset] : '\0';
    if (first == '!' || (tag != "" && tag != "?" && tag != "!")) node.refused = "tags (!name) are not read";
    if (first == '&') node.refused = "anchors (&name) are not read: write the value out where it is needed";
    return node;
  }

  void Open(Node node, const YAML::Mark& mark) {
    if (open_.size() >= kMaxDepth) {
      throw YAML::ParserException(mark, absl::StrCat("nested deeper than ", kMaxDepth, " levels"));
    }
    open_.push_back(std::move(node));
  }
  void Close() {
    Node node = std::move(open_.back());
    open_.pop_back();
    Add(std::move(node));
  }
  void Add(Node node) { (open_.empty() ? documents_ : open_.back().items).push_back(std::move(node)); }

  absl::string_view text_;
  std::vector<Node> open_;  // the collections around the next event
  std::vector<Node> documents_;
};

}  // namespace

size_t Utf8Length(absl::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](size_t i, unsigned low, unsigned high) { return byte(i) >= low && byte(i) <= high; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool second = follows(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
    return second && follows(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool second = follows(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    return second && follows(2, 0x80, 0xBF) && follows(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

// Control characters are refused here because the parser takes one of them for the end of the text.
std::vector<Problem> CheckCharacters(absl::string_view text) {
  if (text.size() > kMaxYamlBytes) return {{"", 0, 0, "more than 1.75 MiB of text"}};
  Position at{1, 1};
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text.substr(i));
    const char c = text[i];
    if (length == 0) return {{"", at.line, at.column, "this is not UTF-8"}};
    if (absl::ascii_iscntrl(c) && c != '\n' && c != '\r' && c != '\t') {
      return {{"", at.line, at.column, "a control character is not allowed here"}};
    }
    at = c == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + static_cast<int>(length)};
    i += length;
  }
  return {};
}

// The only place where yaml-cpp runs; it throws.
std::vector<Problem> ParseTree(absl::string_view text, Node& root) {
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(text);
    while (parser.HandleNextDocument(builder)) {
    }
    std::vector<Node> documents = builder.TakeDocuments();
    if (documents.empty()) return {{"", 0, 0, "there is nothing in this text"}};
    root = std::move(documents.front());
    return {};
  } catch (const YAML::Exception& e) {
    const bool placed = !e.mark.is_null();
    return {{"", placed ? e.mark.line + 1 : 0, placed ? e.mark.column + 1 : 0, absl::StrCat("broken YAML: ", e.msg)}};
  } catch (const std::exception& e) {
    return {{"", 0, 0, absl::StrCat("broken YAML: ", e.what())}};
  }
}

}  // namespace waymark::playbook::yaml

namespace waymark::playbook {

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const size_t length = yaml::Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace waymark::playbook
