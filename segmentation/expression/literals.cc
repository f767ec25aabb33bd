#include "segmentation/expression/literals.h"

#include <charconv>
#include <cmath>
#include <string>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/charconv.h"
#include "absl/strings/match.h"
#include "absl/types/optional.h"
#include "segmentation/expression/utf8.h"

namespace waymark::expression {
namespace {

Value Bad(absl::string_view message) { return Value::Error(ErrorCode::kBadArgument, message); }

// The digits' value; nullopt where it does not fit 64 bits.
absl::optional<uint64_t> Magnitude(absl::string_view digits) {
  int base = 10;
  if (absl::StartsWithIgnoreCase(digits, "0x")) {
    base = 16;
    digits.remove_prefix(2);
  }
  uint64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (result.ec != std::errc()) return absl::nullopt;
  return value;
}

Value DecodeInt(absl::string_view text, bool negative) {
  constexpr uint64_t kLimit = uint64_t{1} << 63;
  const absl::optional<uint64_t> magnitude = Magnitude(text);
  if (!magnitude || *magnitude > kLimit || (*magnitude == kLimit && !negative)) {
    return Bad("the number is too large for an int (64 bits)");
  }
  return Value::Int(static_cast<int64_t>(negative ? 0 - *magnitude : *magnitude));
}

Value DecodeUint(absl::string_view text) {
  const absl::optional<uint64_t> magnitude = Magnitude(text.substr(0, text.size() - 1));
  if (!magnitude) return Bad("the number is too large for a uint (64 bits)");
  return Value::Uint(*magnitude);
}

Value DecodeDouble(absl::string_view text, bool negative) {
  double value = 0;
  const auto result = absl::from_chars(text.data(), text.data() + text.size(), value);
  // What is too small is 0, which is as near as a double comes.
  if (result.ec == std::errc::result_out_of_range && value >= 1) return Bad("the number is too large for a double");
  return Value::Double(negative ? -value : value);
}

// Reads the escapes of one string or bytes literal.
class Unescaper {
 public:
  Unescaper(absl::string_view text, bool bytes) : text_(text), bytes_(bytes) {}

  // nullopt where an escape is wrong: see problem().
  absl::optional<std::string> Run() {
    while (at_ < text_.size()) {
      if (text_[at_] != '\\') {
        out_.push_back(text_[at_++]);
      } else {
        ++at_;
        if (!Escape()) return absl::nullopt;
      }
    }
    return std::move(out_);
  }

  absl::string_view problem() const { return problem_; }

 private:
  bool Escape() {
    constexpr absl::string_view kNames = "abfnrtv\\?\"'`";
    constexpr absl::string_view kMeanings = "\a\b\f\n\r\t\v\\?\"'`";
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    if (c >= '0' && c <= '3') return Number(3, 8);
    const size_t plain = kNames.find(c);
    if (c != '\0' && plain != absl::string_view::npos) {
      out_.push_back(kMeanings[plain]);
      ++at_;
      return true;
    }
    ++at_;
    if (c == 'x' || c == 'X') return Number(2, 16);
    if (c == 'u' && !bytes_) return Utf16();
    if (c == 'U' && !bytes_) return Number(8, 16);
    return Fail("this escape after \\ is not known; write \\\\ for a backslash");
  }

  bool Fail(absl::string_view problem) {
    problem_ = problem;
    return false;
  }

  absl::optional<uint32_t> Digits(size_t count, int base) {
    const absl::string_view digits = text_.substr(at_, count);
    uint32_t value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (digits.size() < count || result.ec != std::errc() || result.ptr != digits.data() + count) return absl::nullopt;
    at_ += count;
    return value;
  }

  // A code point, or in bytes an octet.
  bool Number(size_t count, int base) {
    const absl::optional<uint32_t> value = Digits(count, base);
    if (!value) return Fail("the escape needs more digits");
    return Put(*value);
  }

  // \uXXXX, or two of them that are a surrogate pair.
  bool Utf16() {
    const absl::optional<uint32_t> first = Digits(4, 16);
    if (!first) return Fail("\\u needs four hexadecimal digits");
    const bool high = *first >= 0xD800 && *first < 0xDC00;
    if (!high || !absl::StartsWith(text_.substr(at_), "\\u")) return Put(*first);
    at_ += 2;
    const absl::optional<uint32_t> second = Digits(4, 16);
    if (!second || *second < 0xDC00 || *second > 0xDFFF) return Fail("half of a surrogate pair is missing");
    return Put(0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
  }

  bool Put(uint32_t value) {
    if (bytes_) {
      out_.push_back(static_cast<char>(value));
      return true;
    }
    if (!IsScalar(value)) return Fail("the escape is no Unicode character");
    AppendUtf8(value, out_);
    return true;
  }

  absl::string_view text_;
  bool bytes_;
  size_t at_ = 0;
  std::string out_;
  absl::string_view problem_;
};

Value DecodeText(const Token& token, Arena& arena) {
  const bool bytes = token.kind == TokenKind::kBytes;
  const size_t prefix = token.text.find_first_of("\"'");
  const bool raw = prefix > 0 && absl::ascii_tolower(token.text[prefix - 1]) == 'r';
  absl::string_view text = token.text.substr(prefix);
  const size_t quotes = text.size() >= 6 && text[1] == text[0] && text[2] == text[0] ? 3 : 1;
  text = text.substr(quotes, text.size() - 2 * quotes);
  const auto make = [&](absl::string_view made) {
    return bytes ? Value::Bytes(arena.Copy(made)) : Value::String(arena.Copy(made));
  };
  if (raw) return make(text);
  Unescaper unescaper(text, bytes);
  const absl::optional<std::string> unescaped = unescaper.Run();
  return unescaped ? make(*unescaped) : Bad(unescaper.problem());
}

}  // namespace

Value DecodeLiteral(const Token& token, bool negative, Arena& arena) {
  switch (token.kind) {
    case TokenKind::kInt:
      return DecodeInt(token.text, negative);
    case TokenKind::kUint:
      return DecodeUint(token.text);
    case TokenKind::kDouble:
      return DecodeDouble(token.text, negative);
    default:
      return DecodeText(token, arena);
  }
}

}  // namespace waymark::expression
