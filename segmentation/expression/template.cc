#include "segmentation/expression/template.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "segmentation/expression/conversions.h"
#include "segmentation/expression/lexer.h"
#include "segmentation/expression/messages.h"
#include "segmentation/expression/position.h"
#include "segmentation/expression/utf8.h"

namespace waymark::expression {
namespace {

constexpr absl::string_view kOpening = "{{";

bool IsPrintable(Kind kind) {
  return kind == Kind::kBool || kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kDouble ||
         kind == Kind::kString;
}

// Where the piece that begins at `begin` ends, before its closing braces; npos where they are missing. Braces within
// strings and of maps are no end.
size_t EndOfPiece(absl::string_view text, size_t begin) {
  Lexer lexer(text, begin);
  int depth = 0;
  while (true) {
    const Token token = lexer.Next();
    if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kProblem) return absl::string_view::npos;
    if (token.Is("{")) ++depth;
    if (!token.Is("}")) continue;
    if (depth == 0) return text.substr(token.offset, 2) == "}}" ? token.offset : absl::string_view::npos;
    --depth;
  }
}

}  // namespace

class TemplateBuilder {
 public:
  TemplateBuilder(absl::string_view text, Environment& environment) : text_(text), environment_(environment) {}

  TemplateCompilation Run() {
    if (text_.size() > kMaxTemplateBytes) {
      Refuse(0, absl::StrCat("the text is too long: at most ", kMaxTemplateBytes, " bytes"));
    } else if (!IsValidUtf8(text_)) {
      Refuse(0, "the text is not valid UTF-8");
    } else {
      ReadPieces();
    }
    if (result_.issues.empty()) Finish();
    return std::move(result_);
  }

 private:
  void Refuse(size_t offset, std::string message) {
    const Position position = PositionAt(text_, offset);
    result_.issues.push_back({position.line, position.column, std::move(message)});
  }

  void ReadPieces() {
    size_t at = 0;
    while (at < text_.size()) {
      const size_t opening = text_.find(kOpening, at);
      const absl::string_view literal = text_.substr(at, opening == absl::string_view::npos ? opening : opening - at);
      if (!literal.empty()) pieces_.push_back({std::string(literal), absl::nullopt});
      if (opening == absl::string_view::npos) return;
      const size_t begin = opening + kOpening.size();
      size_t end = EndOfPiece(text_, begin);
      if (end == absl::string_view::npos) {
        // What is wrong inside is told by the compiler, up to the braces that were probably meant.
        end = text_.find("}}", begin);
        if (end == absl::string_view::npos) return Refuse(opening, "this {{ is never closed by }}");
      }
      CompilePiece(begin, text_.substr(begin, end - begin));
      at = end + 2;
    }
  }

  void CompilePiece(size_t begin, absl::string_view source) {
    if (source.find_first_not_of(" \t\r\n\f") == absl::string_view::npos) {
      return Refuse(begin - kOpening.size(), "there is nothing between {{ and }}");
    }
    Compilation compiled = Compile(source, environment_);
    for (Issue& issue : compiled.issues) AddIssue(begin, std::move(issue));
    if (!compiled.program) return;
    const Type& type = compiled.program->type();
    if (!type.is_dyn() && !IsPrintable(type.kind())) {
      const size_t first = source.find_first_not_of(" \t\r\n\f");
      return Refuse(begin + first, absl::StrCat("a text cannot show ", Describe(type), "; convert it with string()"));
    }
    pieces_.push_back({"", std::move(compiled.program)});
  }

  // From the piece's own position to the text's.
  void AddIssue(size_t begin, Issue issue) {
    const Position start = PositionAt(text_, begin);
    if (issue.line == 1) issue.column += start.column - 1;
    issue.line += start.line - 1;
    result_.issues.push_back(std::move(issue));
  }

  void Finish() {
    Template made;
    for (const Template::Piece& piece : pieces_) {
      if (piece.program)
        made.facts_.insert(made.facts_.end(), piece.program->facts().begin(), piece.program->facts().end());
    }
    std::sort(made.facts_.begin(), made.facts_.end());
    made.facts_.erase(std::unique(made.facts_.begin(), made.facts_.end()), made.facts_.end());
    made.pieces_ = std::make_shared<const std::vector<Template::Piece>>(std::move(pieces_));
    result_.text = std::move(made);
  }

  absl::string_view text_;
  Environment& environment_;
  std::vector<Template::Piece> pieces_;
  TemplateCompilation result_;
};

absl::StatusOr<std::string> Template::Render(Activation& activation, Arena& arena, Escape escape,
                                             absl::optional<absl::string_view> missing) const {
  std::string out;
  for (const Piece& piece : *pieces_) {
    if (!piece.program) {
      out += piece.text;
      continue;
    }
    Value value = piece.program->Evaluate(activation, arena);
    if (value.is_error() && missing && value.error_code() == ErrorCode::kMissing) value = Value::String(*missing);
    if (value.is_error()) return absl::FailedPreconditionError(value.string_value());
    if (!IsPrintable(value.kind())) {
      return absl::FailedPreconditionError(absl::StrCat("a text cannot show a value of type ", KindName(value.kind())));
    }
    if (value.kind() != Kind::kString) {
      int64_t steps = 0;
      value = ScalarToString({arena, steps, nullptr}, &value);
    }
    escape(value.string_value(), &out);
  }
  return out;
}

int64_t Template::cost_bound() const {
  int64_t bound = 0;
  for (const Piece& piece : *pieces_) {
    if (piece.program) bound = std::max(bound, piece.program->cost_bound());
  }
  return bound;
}

bool Template::is_literal() const {
  return std::none_of(pieces_->begin(), pieces_->end(), [](const Piece& piece) { return piece.program.has_value(); });
}

TemplateCompilation CompileTemplate(absl::string_view text, Environment& environment) {
  return TemplateBuilder(text, environment).Run();
}

}  // namespace waymark::expression
