#include "segmentation/expression/parser.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "segmentation/expression/lexer.h"
#include "segmentation/expression/literals.h"
#include "segmentation/expression/macros.h"
#include "segmentation/expression/utf8.h"

namespace waymark::expression {
namespace {

// A left-associative operator of two operands.
struct BinaryOperator {
  absl::string_view symbol;
  int level;  // the higher, the tighter
  absl::string_view function;
};

constexpr int kRelation = 0;
constexpr int kTightest = 2;
constexpr BinaryOperator kBinaryOperators[] = {
    {"==", kRelation, "_==_"}, {"!=", kRelation, "_!=_"}, {"<=", kRelation, "_<=_"}, {">=", kRelation, "_>=_"},
    {"<", kRelation, "_<_"},   {">", kRelation, "_>_"},   {"in", kRelation, "@in"},  {"+", 1, "_+_"},
    {"-", 1, "_-_"},           {"*", 2, "_*_"},           {"/", 2, "_/_"},           {"%", 2, "_%_"},
};

// Neither names nor fields.
constexpr absl::string_view kKeywords[] = {"false", "in", "null", "true"};
// Not names, but fields may be called so.
constexpr absl::string_view kReserved[] = {"as",       "break",  "const",  "continue", "else", "for",
                                           "function", "if",     "import", "let",      "loop", "namespace",
                                           "package",  "return", "var",    "void",     "while"};

class Parser {
 public:
  Parser(absl::string_view source, Arena& arena) : lexer_(source), arena_(arena) { Advance(); }

  Parsed Run() {
    parsed_.ast.root = Conditional();
    if (token_.kind != TokenKind::kEnd) FailAtToken("an operator is missing before this");
    return std::move(parsed_);
  }

 private:
  // After the first problem the parser sees only the end, so that every loop ends and every function returns; what they
  // return then is not looked at.
  void Fail(size_t offset, std::string message) {
    if (parsed_.problem) return;
    parsed_.problem = Problem{offset, std::move(message)};
    token_ = Token{TokenKind::kEnd, "", offset};
  }

  void FailAtToken(absl::string_view message) {
    if (token_.kind == TokenKind::kEnd) return Fail(token_.offset, "the rule ends too early");
    Fail(token_.offset, std::string(message));
  }

  void Advance() {
    if (parsed_.problem) return;
    token_ = lexer_.Next();
    if (token_.kind == TokenKind::kProblem) Fail(token_.offset, std::string(token_.text));
  }

  bool Accept(absl::string_view symbol) {
    if (!token_.Is(symbol)) return false;
    Advance();
    return true;
  }

  void Expect(absl::string_view symbol) {
    if (!Accept(symbol)) FailAtToken(absl::StrCat("\"", symbol, "\" is missing here"));
  }

  ExprId Add(Expr expr) {
    if (parsed_.problem) return 0;
    int height = 1;
    for (ExprId child : expr.children) height = std::max(height, 1 + parsed_.ast[child].height);
    if (height > kMaxHeight) {
      Fail(expr.offset, absl::StrCat("too many operators in a row: at most about ", kMaxHeight));
      return 0;
    }
    if (parsed_.ast.exprs.size() >= kMaxNodes) {
      Fail(expr.offset, absl::StrCat("the rule is too long: at most ", kMaxNodes, " names, values and operators"));
      return 0;
    }
    expr.height = static_cast<uint16_t>(height);
    parsed_.ast.exprs.push_back(std::move(expr));
    return static_cast<ExprId>(parsed_.ast.exprs.size() - 1);
  }

  ExprId AddCall(size_t offset, absl::string_view name, std::vector<ExprId> children, bool receiver = false) {
    Expr call{.kind = ExprKind::kCall, .receiver = receiver, .offset = static_cast<uint32_t>(offset)};
    call.name = std::string(name);
    call.children = std::move(children);
    if (!parsed_.problem) {
      if (absl::optional<std::string> wrong = ExpandMacro(parsed_.ast, call)) Fail(offset, *wrong);
    }
    return Add(std::move(call));
  }

  ExprId AddNode(ExprKind kind, size_t offset, std::vector<ExprId> children) {
    Expr expr{.kind = kind, .offset = static_cast<uint32_t>(offset)};
    expr.children = std::move(children);
    return Add(std::move(expr));
  }

  // Or ["?" Or ":" Conditional]
  ExprId Conditional() {
    if (++nesting_ > kMaxNesting)
      Fail(token_.offset, absl::StrCat("nested too deeply: at most ", kMaxNesting, " levels"));
    ExprId id = Or();
    const size_t offset = token_.offset;
    if (Accept("?")) {
      const ExprId then = Or();
      Expect(":");
      const ExprId otherwise = Conditional();
      id = AddNode(ExprKind::kConditional, offset, {id, then, otherwise});
    }
    --nesting_;
    return id;
  }

  // A row of the same logical operator is one node.
  template <typename Term>
  ExprId Row(ExprKind kind, absl::string_view symbol, Term term) {
    const ExprId first = term();
    if (!token_.Is(symbol)) return first;
    const size_t offset = token_.offset;
    std::vector<ExprId> terms = {first};
    while (Accept(symbol)) terms.push_back(term());
    return AddNode(kind, offset, std::move(terms));
  }

  ExprId Or() {
    return Row(ExprKind::kOr, "||", [this] { return And(); });
  }

  ExprId And() {
    return Row(ExprKind::kAnd, "&&", [this] { return Binary(kRelation); });
  }

  const BinaryOperator* OperatorHere(int level) const {
    for (const BinaryOperator& candidate : kBinaryOperators) {
      if (candidate.level == level && (token_.Is(candidate.symbol) || token_.IsName(candidate.symbol)))
        return &candidate;
    }
    return nullptr;
  }

  ExprId Binary(int level) {
    if (level > kTightest) return Unary();
    ExprId left = Binary(level + 1);
    while (const BinaryOperator* found = OperatorHere(level)) {
      const size_t offset = token_.offset;
      Advance();
      const ExprId right = Binary(level + 1);
      left = AddCall(offset, found->function, {left, right});
    }
    return left;
  }

  ExprId Unary() {
    std::vector<std::pair<size_t, absl::string_view>> operators;  // outermost first
    bool negative = false;
    size_t minus = 0;
    while (token_.Is("!") || token_.Is("-")) {
      const bool is_minus = token_.Is("-");
      minus = token_.offset;
      Advance();
      // A minus right before a number is the number's, so that the smallest int can be written.
      negative = is_minus && (token_.kind == TokenKind::kInt || token_.kind == TokenKind::kDouble);
      if (!negative) operators.emplace_back(minus, is_minus ? "-_" : "!_");
    }
    ExprId id = Member(negative ? Number(minus, true) : Primary());
    for (auto it = operators.rbegin(); it != operators.rend(); ++it) id = AddCall(it->first, it->second, {id});
    return id;
  }

  // Selections, calls and indexes after `id`.
  ExprId Member(ExprId id) {
    while (true) {
      const size_t offset = token_.offset;
      if (Accept(".")) {
        id = Selection(id);
      } else if (Accept("[")) {
        const ExprId index = Conditional();
        Expect("]");
        id = AddCall(offset, "_[_]", {id, index});
      } else if (token_.Is("{")) {
        FailAtToken("a rule cannot make messages");
      } else {
        return id;
      }
    }
  }

  ExprId Selection(ExprId operand) {
    const Token name = token_;
    const bool quoted = name.kind == TokenKind::kQuotedName;
    if (!quoted && (name.kind != TokenKind::kName || absl::c_linear_search(kKeywords, name.text))) {
      FailAtToken("the name of a field is missing after the dot");
      return operand;
    }
    Advance();
    if (!quoted && Accept("(")) {
      std::vector<ExprId> children = Expressions(")");
      children.insert(children.begin(), operand);
      return AddCall(name.offset, name.text, std::move(children), /*receiver=*/true);
    }
    Expr select{.kind = ExprKind::kSelect, .quoted = quoted, .offset = static_cast<uint32_t>(name.offset)};
    select.name = std::string(name.text);
    select.children = {operand};
    return Add(std::move(select));
  }

  // Expressions with commas between, up to and with `closing`.
  std::vector<ExprId> Expressions(absl::string_view closing) {
    std::vector<ExprId> expressions;
    while (!Accept(closing) && !parsed_.problem) {
      expressions.push_back(Conditional());
      if (Accept(closing)) break;
      if (!Accept(",")) FailAtToken(absl::StrCat("\",\" or \"", closing, "\" is missing here"));
      if (closing == ")" && token_.Is(")")) FailAtToken("an argument is missing after the comma");
    }
    return expressions;
  }

  ExprId Primary() {
    const size_t offset = token_.offset;
    switch (token_.kind) {
      case TokenKind::kInt:
      case TokenKind::kUint:
      case TokenKind::kDouble:
      case TokenKind::kString:
      case TokenKind::kBytes:
        return Number(offset, false);
      case TokenKind::kName:
        return Name(offset, false);
      case TokenKind::kQuotedName:
        FailAtToken("only a field after a dot is written in backticks; texts are written in quotes");
        return 0;
      default:
        break;
    }
    if (Accept(".")) return Name(offset, true);
    if (Accept("[")) return AddNode(ExprKind::kList, offset, Expressions("]"));
    if (Accept("{")) return AddNode(ExprKind::kMap, offset, Entries());
    if (Accept("(")) {
      const ExprId id = Conditional();
      Expect(")");
      return id;
    }
    FailAtToken("a value is missing here");
    return 0;
  }

  // A number, string or bytes.
  ExprId Number(size_t offset, bool negative) {
    Expr literal{.kind = ExprKind::kLiteral, .offset = static_cast<uint32_t>(offset)};
    literal.literal = DecodeLiteral(token_, negative, arena_);
    if (literal.literal.is_error()) Fail(offset, std::string(literal.literal.string_value()));
    Advance();
    return Add(std::move(literal));
  }

  ExprId Name(size_t offset, bool rooted) {
    const Token name = token_;
    if (name.kind != TokenKind::kName) {
      FailAtToken("a name is missing after the dot");
      return 0;
    }
    if (absl::c_linear_search(kKeywords, name.text)) return Keyword(name, rooted);
    if (absl::c_linear_search(kReserved, name.text)) {
      FailAtToken(absl::StrCat("`", name.text, "` is a reserved word"));
      return 0;
    }
    Advance();
    if (Accept("(")) return AddCall(offset, name.text, Expressions(")"));
    Expr expr{.kind = ExprKind::kName, .rooted = rooted, .offset = static_cast<uint32_t>(offset)};
    expr.name = std::string(name.text);
    return Add(std::move(expr));
  }

  ExprId Keyword(const Token& name, bool rooted) {
    if (name.text == "in" || rooted) {
      FailAtToken(absl::StrCat("`", name.text, "` cannot stand here"));
      return 0;
    }
    Advance();
    Expr literal{.kind = ExprKind::kLiteral, .offset = static_cast<uint32_t>(name.offset)};
    if (name.text != "null") literal.literal = Value::Bool(name.text == "true");
    return Add(std::move(literal));
  }

  // A map's keys and values in turn, up to and with the brace.
  std::vector<ExprId> Entries() {
    std::vector<ExprId> entries;
    while (!Accept("}") && !parsed_.problem) {
      entries.push_back(Conditional());
      Expect(":");
      entries.push_back(Conditional());
      if (Accept("}")) break;
      if (!Accept(",")) FailAtToken("\",\" or \"}\" is missing here");
    }
    return entries;
  }

  Lexer lexer_;
  Arena& arena_;
  Token token_;
  int nesting_ = 0;
  Parsed parsed_;
};

}  // namespace

Parsed Parse(absl::string_view source, Arena& arena) {
  Parsed refused;
  if (source.size() > kMaxSourceBytes) {
    refused.problem = Problem{0, absl::StrCat("the rule is too long: at most ", kMaxSourceBytes, " bytes")};
  } else if (!IsValidUtf8(source)) {
    refused.problem = Problem{0, "the rule is not valid UTF-8"};
  }
  if (refused.problem) return refused;
  return Parser(source, arena).Run();
}

}  // namespace waymark::expression
