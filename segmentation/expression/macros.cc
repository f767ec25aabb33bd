#include "segmentation/expression/macros.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace waymark::expression {
namespace {

struct MacroSpelling {
  absl::string_view name;
  size_t arguments;  // the variable counted
  Macro macro;
};

constexpr MacroSpelling kSpellings[] = {
    {"all", 2, Macro::kAll},
    {"exists", 2, Macro::kExists},
    {"exists_one", 2, Macro::kExistsOne},
    {"existsOne", 2, Macro::kExistsOne},
    {"map", 2, Macro::kMap},
    {"map", 3, Macro::kMap},
    {"filter", 2, Macro::kFilter},
};

absl::optional<std::string> ExpandComprehension(const Ast& ast, Macro macro, Expr& call) {
  const Expr& variable = ast[call.children[1]];
  if (variable.kind != ExprKind::kName || variable.rooted) {
    return absl::StrCat("the first argument of ", call.name, "() must be a name for the element, as in list.",
                        call.name, "(x, …)");
  }
  call.kind = ExprKind::kComprehension;
  call.macro = macro;
  call.name = variable.name;
  call.children.erase(call.children.begin() + 1);
  // map(x, condition, result): the result first, as where there is no condition.
  if (call.children.size() == 3) std::swap(call.children[1], call.children[2]);
  return absl::nullopt;
}

}  // namespace

absl::optional<std::string> ExpandMacro(const Ast& ast, Expr& call) {
  if (!call.receiver) {
    if (call.name != "has" || call.children.size() != 1) return absl::nullopt;
    const ExprKind argument = ast[call.children[0]].kind;
    if (argument != ExprKind::kSelect && argument != ExprKind::kName && argument != ExprKind::kCall) {
      return std::string("has() takes the name of a fact or a field, as in has(customer.age)");
    }
    call.kind = ExprKind::kHas;
    return absl::nullopt;
  }
  for (const MacroSpelling& spelling : kSpellings) {
    if (call.name == spelling.name && call.children.size() == spelling.arguments + 1) {
      return ExpandComprehension(ast, spelling.macro, call);
    }
  }
  return absl::nullopt;
}

}  // namespace waymark::expression
