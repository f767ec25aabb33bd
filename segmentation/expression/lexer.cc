#include "segmentation/expression/lexer.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace waymark::expression {
namespace {

bool BeginsName(char c) { return absl::ascii_isalpha(c) || c == '_'; }
bool ContinuesName(char c) { return absl::ascii_isalnum(c) || c == '_'; }
bool ContinuesQuotedName(char c) { return ContinuesName(c) || c == '.' || c == '-' || c == '/' || c == ' '; }

constexpr absl::string_view kSymbols[] = {"&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/",
                                          "%",  "!",  "?",  ":",  ".",  ",",  "(", ")", "[", "]", "{", "}"};

}  // namespace

Token Lexer::Next() {
  SkipSpace();
  if (offset_ >= source_.size()) return Token{TokenKind::kEnd, source_.substr(source_.size()), source_.size()};
  const int prefix = StringPrefix();
  if (prefix >= 0) return String(prefix);
  const char c = Peek();
  if (BeginsName(c)) return Name();
  if (c == '`') return QuotedName();
  if (absl::ascii_isdigit(c) || (c == '.' && absl::ascii_isdigit(Peek(1)))) return Number();
  return Symbol();
}

void Lexer::SkipSpace() {
  while (offset_ < source_.size()) {
    const char c = Peek();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      ++offset_;
    } else if (c == '/' && Peek(1) == '/') {
      while (offset_ < source_.size() && Peek() != '\n' && Peek() != '\r') ++offset_;
    } else {
      return;
    }
  }
}

Token Lexer::Take(TokenKind kind, size_t size) {
  const Token token{kind, source_.substr(offset_, size), offset_};
  offset_ += size;
  return token;
}

Token Lexer::Problem(size_t offset, absl::string_view message) {
  offset_ = source_.size();
  return Token{TokenKind::kProblem, message, offset};
}

Token Lexer::Name() {
  size_t size = 1;
  while (ContinuesName(Peek(size))) ++size;
  return Take(TokenKind::kName, size);
}

Token Lexer::QuotedName() {
  size_t size = 1;
  while (ContinuesQuotedName(Peek(size))) ++size;
  if (size == 1 || Peek(size) != '`')
    return Problem(offset_, "a name in backticks holds letters, digits and _ . - / and spaces");
  Token token = Take(TokenKind::kQuotedName, size + 1);
  token.text = token.text.substr(1, size - 1);
  return token;
}

Token Lexer::Number() {
  size_t size = 0;
  TokenKind kind = TokenKind::kInt;
  if (Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X')) {
    size = 2;
    while (absl::ascii_isxdigit(Peek(size))) ++size;
    if (size == 2) return Problem(offset_, "digits are missing after 0x");
  } else {
    while (absl::ascii_isdigit(Peek(size))) ++size;
    if (Peek(size) == '.' && absl::ascii_isdigit(Peek(size + 1))) {
      kind = TokenKind::kDouble;
      ++size;
      while (absl::ascii_isdigit(Peek(size))) ++size;
    }
    if (Peek(size) == 'e' || Peek(size) == 'E') {
      const size_t sign = Peek(size + 1) == '+' || Peek(size + 1) == '-' ? 1 : 0;
      if (!absl::ascii_isdigit(Peek(size + 1 + sign))) return Problem(offset_, "the number's exponent is missing");
      kind = TokenKind::kDouble;
      size += 1 + sign;
      while (absl::ascii_isdigit(Peek(size))) ++size;
    }
  }
  if (kind == TokenKind::kInt && (Peek(size) == 'u' || Peek(size) == 'U')) {
    kind = TokenKind::kUint;
    ++size;
  }
  if (ContinuesName(Peek(size))) return Problem(offset_ + size, "a number cannot go on with a letter");
  return Take(kind, size);
}

int Lexer::StringPrefix() const {
  int size = 0;
  if (Peek() == 'b' || Peek() == 'B') ++size;
  if (Peek(size) == 'r' || Peek(size) == 'R') ++size;
  return Peek(size) == '"' || Peek(size) == '\'' ? size : -1;
}

Token Lexer::String(int prefix) {
  const bool bytes = absl::ascii_tolower(Peek()) == 'b';
  const bool raw = prefix > 0 && absl::ascii_tolower(Peek(prefix - 1)) == 'r';
  const char quote = Peek(prefix);
  const bool triple = Peek(prefix + 1) == quote && Peek(prefix + 2) == quote;
  const absl::string_view closing = source_.substr(offset_ + prefix, triple ? 3 : 1);
  size_t size = prefix + closing.size();
  while (offset_ + size < source_.size()) {
    if (absl::StartsWith(source_.substr(offset_ + size), closing)) {
      return Take(bytes ? TokenKind::kBytes : TokenKind::kString, size + closing.size());
    }
    const char c = Peek(size);
    if (!triple && (c == '\n' || c == '\r')) break;
    size += c == '\\' && !raw ? 2 : 1;
  }
  return Problem(offset_, "the closing quote is missing");
}

Token Lexer::Symbol() {
  const absl::string_view rest = source_.substr(offset_);
  for (absl::string_view symbol : kSymbols) {
    if (absl::StartsWith(rest, symbol)) return Take(TokenKind::kSymbol, symbol.size());
  }
  if (Peek() == '=') return Problem(offset_, "a rule compares with ==; it cannot assign with =");
  if (Peek() == '&') return Problem(offset_, "\"and\" is written &&");
  if (Peek() == '|') return Problem(offset_, "\"or\" is written ||");
  return Problem(offset_, "a rule cannot hold this character here");
}

}  // namespace waymark::expression
