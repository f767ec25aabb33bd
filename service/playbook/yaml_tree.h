#ifndef WAYMARK_SERVICE_PLAYBOOK_YAML_TREE_H_
#define WAYMARK_SERVICE_PLAYBOOK_YAML_TREE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/playbook/problem.h"
#include "service/playbook/yaml_reader.h"

// The first half of the YAML reader: from text to a tree of what was written, with places. Only the reader includes it.
namespace waymark::playbook::yaml {

// A value as it was written. yaml-cpp's own node keeps only one of two equal keys and follows aliases; this one does
// neither.
struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  bool quoted = false;            // a scalar in quotes or in a block: text, whatever it looks like
  const char* refused = nullptr;  // what makes it unreadable, in words
  size_t offset = 0;              // in the text, of its first character (a quote or a block's header included)
  Position at;                    // the same as line and column
  std::string text;               // a scalar's value
  std::vector<Node> items;        // a list's elements; a map's keys and values in turn
};

// How many bytes the character at the beginning of `text` has; 0 where it is not valid UTF-8.
size_t Utf8Length(absl::string_view text);

// What keeps `text` from being parsed at all: more than kMaxYamlBytes, no UTF-8, control characters.
std::vector<Problem> CheckCharacters(absl::string_view text);

// The tree of `text`, or the problem that kept it from being read: broken YAML, a second document, more than 64 levels.
// REQUIRES: CheckCharacters(text) is empty.
std::vector<Problem> ParseTree(absl::string_view text, Node& root);

}  // namespace waymark::playbook::yaml

#endif  // WAYMARK_SERVICE_PLAYBOOK_YAML_TREE_H_
