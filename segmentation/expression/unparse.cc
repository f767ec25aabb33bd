#include "segmentation/expression/unparse.h"

#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace waymark::expression {
namespace {

// How tightly a form binds, as the grammar nests them; where a looser one stands, it needs parentheses.
enum Level { kConditional, kOr, kAnd, kRelation, kSum, kProduct, kUnary, kMember };

struct BinaryOperator {
  absl::string_view function;
  absl::string_view text;
  Level level;
};

constexpr BinaryOperator kBinaryOperators[] = {
    {"_==_", " == ", kRelation}, {"_!=_", " != ", kRelation}, {"_<=_", " <= ", kRelation}, {"_>=_", " >= ", kRelation},
    {"_<_", " < ", kRelation},   {"_>_", " > ", kRelation},   {"@in", " in ", kRelation},  {"_+_", " + ", kSum},
    {"_-_", " - ", kSum},        {"_*_", " * ", kProduct},    {"_/_", " / ", kProduct},    {"_%_", " % ", kProduct},
};

const BinaryOperator* FindBinary(const Expr& expr) {
  if (expr.kind != ExprKind::kCall || expr.receiver || expr.children.size() != 2) return nullptr;
  const auto* found = absl::c_find_if(
      kBinaryOperators, [&expr](const BinaryOperator& candidate) { return candidate.function == expr.name; });
  return found == std::end(kBinaryOperators) ? nullptr : found;
}

bool IsUnary(const Expr& expr) { return expr.kind == ExprKind::kCall && (expr.name == "!_" || expr.name == "-_"); }

Level LevelOf(const Expr& expr) {
  if (expr.kind == ExprKind::kConditional) return kConditional;
  if (expr.kind == ExprKind::kOr) return kOr;
  if (expr.kind == ExprKind::kAnd) return kAnd;
  if (const BinaryOperator* binary = FindBinary(expr)) return binary->level;
  return IsUnary(expr) ? kUnary : kMember;
}

class Unparser {
 public:
  explicit Unparser(const Ast& ast) : ast_(ast) {}

  std::string Run(ExprId root) {
    Append(root, kConditional);
    return std::move(out_);
  }

 private:
  void Put(absl::string_view text) { absl::StrAppend(&out_, text); }

  // Where at least `level` must stand.
  void Append(ExprId id, Level level) {
    const Expr& expr = ast_[id];
    const bool looser = LevelOf(expr) < level;
    if (looser) Put("(");
    AppendBare(expr);
    if (looser) Put(")");
  }

  void AppendBare(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kLiteral:
        return Put(DebugString(expr.literal));
      case ExprKind::kName:
        return Put(absl::StrCat(expr.rooted ? "." : "", expr.name));
      case ExprKind::kSelect:
        Append(expr.children[0], kMember);
        return Put(expr.quoted ? absl::StrCat(".`", expr.name, "`") : absl::StrCat(".", expr.name));
      case ExprKind::kCall:
        return AppendCall(expr);
      case ExprKind::kAnd:
        return AppendRow(expr.children, " && ", kRelation);
      case ExprKind::kOr:
        return AppendRow(expr.children, " || ", kAnd);
      case ExprKind::kConditional:
        Append(expr.children[0], kOr);
        Put(" ? ");
        Append(expr.children[1], kOr);
        Put(" : ");
        return Append(expr.children[2], kConditional);
      case ExprKind::kList:
        Put("[");
        AppendRow(expr.children, ", ", kConditional);
        return Put("]");
      case ExprKind::kMap:
        return AppendMap(expr);
      case ExprKind::kHas:
        return AppendFunction("has", expr.children);
      case ExprKind::kComprehension:
        return AppendComprehension(expr);
    }
  }

  void AppendRow(absl::Span<const ExprId> children, absl::string_view between, Level level) {
    for (size_t i = 0; i < children.size(); ++i) {
      if (i > 0) Put(between);
      Append(children[i], level);
    }
  }

  void AppendFunction(absl::string_view name, absl::Span<const ExprId> arguments) {
    Put(absl::StrCat(name, "("));
    AppendRow(arguments, ", ", kConditional);
    Put(")");
  }

  void AppendCall(const Expr& expr) {
    if (const BinaryOperator* binary = FindBinary(expr)) {
      Append(expr.children[0], binary->level);
      Put(binary->text);
      Append(expr.children[1], static_cast<Level>(binary->level + 1));
    } else if (IsUnary(expr)) {
      AppendUnary(expr);
    } else if (expr.name == "_[_]") {
      Append(expr.children[0], kMember);
      Put("[");
      Append(expr.children[1], kConditional);
      Put("]");
    } else if (expr.receiver) {
      Append(expr.children[0], kMember);
      Put(".");
      AppendFunction(expr.name, absl::MakeConstSpan(expr.children).subspan(1));
    } else {
      AppendFunction(expr.name, expr.children);
    }
  }

  // A minus before a digit would become the number's own.
  void AppendUnary(const Expr& expr) {
    Put(expr.name.substr(0, 1));
    const size_t begin = out_.size();
    Append(expr.children[0], kUnary);
    if (expr.name != "-_" || !absl::ascii_isdigit(out_[begin])) return;
    out_.insert(begin, "(");
    Put(")");
  }

  void AppendMap(const Expr& expr) {
    Put("{");
    for (size_t i = 0; i < expr.children.size(); i += 2) {
      if (i > 0) Put(", ");
      AppendRow(absl::MakeConstSpan(expr.children).subspan(i, 2), ": ", kConditional);
    }
    Put("}");
  }

  void AppendComprehension(const Expr& expr) {
    constexpr absl::string_view kNames[] = {"all", "exists", "exists_one", "map", "filter"};
    Append(expr.children[0], kMember);
    Put(absl::StrCat(".", kNames[static_cast<size_t>(expr.macro)], "(", expr.name));
    // A condition is written before the result and kept after it.
    for (size_t i = expr.children.size() - 1; i > 0; --i) {
      Put(", ");
      Append(expr.children[i], kConditional);
    }
    Put(")");
  }

  const Ast& ast_;
  std::string out_;
};

}  // namespace

std::string Unparse(const Ast& ast, ExprId root) { return Unparser(ast).Run(root); }

}  // namespace waymark::expression
