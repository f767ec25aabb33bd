#include "segmentation/expression/folding.h"

#include <algorithm>

#include "segmentation/expression/builder.h"
#include "segmentation/expression/environment.h"
#include "segmentation/expression/evaluator.h"

namespace waymark::expression {
namespace {

// Of something that mentions no facts.
class NoFacts : public Activation {
 public:
  Value Fact(int) override { return Value::Error(ErrorCode::kMissing, "a constant has no facts"); }
};

// A false term makes the whole of `&&` false, a true one the whole of `||` true.
bool DecidedByConstant(const Ast& ast, const CheckedNodes& nodes, ExprId id) {
  const Expr& expr = ast[id];
  if (expr.kind != ExprKind::kAnd && expr.kind != ExprKind::kOr) return false;
  return std::any_of(expr.children.begin(), expr.children.end(), [&](ExprId child) {
    const absl::optional<Value>& term = nodes[child].constant;
    return term && term->kind() == Kind::kBool && term->bool_value() == (expr.kind == ExprKind::kOr);
  });
}

}  // namespace

void SetDependencies(const Ast& ast, CheckedNodes& nodes, ExprId id) {
  const Expr& expr = ast[id];
  Checked& node = nodes[id];
  int outermost = kNoLocal;
  for (size_t i = 0; i < expr.children.size(); ++i) {
    const Checked& child = nodes[expr.children[i]];
    node.depends_on_facts = node.depends_on_facts || child.depends_on_facts;
    const bool own = expr.kind == ExprKind::kComprehension && i > 0 && child.outermost_local >= node.slot;
    if (!own) outermost = std::min(outermost, child.outermost_local);
  }
  node.outermost_local = outermost;
}

void SetConstant(const Ast& ast, CheckedNodes& nodes, ExprId id, Arena& arena, int64_t& steps) {
  Checked& node = nodes[id];
  if (DecidedByConstant(ast, nodes, id)) {
    node.constant = Value::Bool(ast[id].kind == ExprKind::kOr);
  } else if (!node.depends_on_facts && node.outermost_local == kNoLocal) {
    const RootedTree built = BuildTree(ast, nodes, id, arena);
    NoFacts no_facts;
    const Value value = EvaluateWithin(built.tree, built.root, no_facts, arena, steps);
    if (steps >= 0) node.constant = value;
    steps = std::max<int64_t>(steps, 0);
  }
}

}  // namespace waymark::expression
