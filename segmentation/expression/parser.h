#ifndef WAYMARK_SEGMENTATION_EXPRESSION_PARSER_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_PARSER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "segmentation/expression/arena.h"
#include "segmentation/expression/ast.h"

namespace waymark::expression {

inline constexpr size_t kMaxSourceBytes = 16 * 1024;
inline constexpr int kMaxNesting = 64;
inline constexpr size_t kMaxNodes = 4096;
// Of the tree, so that walking it by recursion is safe: beside the nesting it bounds how many operators, selections and
// indexes may follow one another
// (`&&` and `||` are not counted: a row of them is one node).
inline constexpr int kMaxHeight = 512;

// What is wrong at a place of the source.
struct Problem {
  size_t offset = 0;  // in bytes
  std::string message;
};

// A parsed rule, or the first thing that is wrong.
struct Parsed {
  Ast ast;
  absl::optional<Problem> problem;
};

// Parses CEL, macros expanded, by recursive descent; see cel-spec's grammar. Literals' texts are made in `arena`.
// Linear.
Parsed Parse(absl::string_view source, Arena& arena);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_PARSER_H_
