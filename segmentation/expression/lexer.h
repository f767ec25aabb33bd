#ifndef WAYMARK_SEGMENTATION_EXPRESSION_LEXER_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_LEXER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace waymark::expression {

enum class TokenKind : uint8_t {
  kEnd,
  kName,        // an identifier or a reserved word
  kQuotedName,  // `content-type`: a field's name after a dot; text without the backticks
  kInt,
  kUint,
  kDouble,
  kString,  // the text as written, with prefix and quotes
  kBytes,
  kSymbol,   // an operator or a bracket
  kProblem,  // text is what is wrong, for the rule's author
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  absl::string_view text;
  size_t offset = 0;  // in the source, in bytes

  bool Is(absl::string_view symbol) const { return kind == TokenKind::kSymbol && text == symbol; }
  bool IsName(absl::string_view name) const { return kind == TokenKind::kName && text == name; }
};

// Cuts a rule into tokens; white space and comments (`//` to the line's end) are left out. Tokens borrow the source.
// After a kProblem the rest is not read. Linear.
class Lexer {
 public:
  explicit Lexer(absl::string_view source, size_t offset = 0) : source_(source), offset_(offset) {}

  Token Next();
  // Where the next token may begin.
  size_t offset() const { return offset_; }

 private:
  char Peek(size_t ahead = 0) const { return offset_ + ahead < source_.size() ? source_[offset_ + ahead] : '\0'; }
  void SkipSpace();
  Token Take(TokenKind kind, size_t size);
  Token Problem(size_t offset, absl::string_view message);
  Token Name();
  Token QuotedName();
  Token Number();
  // Where a string begins here, the length of its prefix (r, b, br); -1 otherwise.
  int StringPrefix() const;
  Token String(int prefix);
  Token Symbol();

  absl::string_view source_;
  size_t offset_;
};

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_LEXER_H_
