#include "segmentation/expression/builder.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "segmentation/expression/functions.h"
#include "segmentation/expression/string_functions.h"
#include "segmentation/expression/time_text.h"

namespace waymark::expression {
namespace {

class Builder {
 public:
  Builder(const Ast& ast, const CheckedNodes& checked, Arena& arena) : ast_(ast), checked_(checked), arena_(arena) {}

  RootedTree Run(ExprId root, Outline* outline) {
    if (outline != nullptr) emitted_.resize(ast_.exprs.size());
    const uint32_t tree_root = Emit(root);
    if (outline != nullptr) {
      std::set<int> slots;
      ListTerms(root, *outline, slots);
      ListFacts(root, *outline, slots);
    }
    return {std::move(tree_), tree_root};
  }

 private:
  void ListTerms(ExprId id, Outline& outline, std::set<int>& slots) {
    const Expr& expr = ast_[id];
    const Checked& checked = checked_[id];
    if (!checked.constant && (expr.kind == ExprKind::kAnd || expr.kind == ExprKind::kOr)) {
      for (ExprId term : expr.children) ListTerms(term, outline, slots);
      return;
    }
    if (checked.meaning == Meaning::kFact) slots.insert(checked.slot);
    // Constant terms may have been left out.
    const uint32_t index =
        checked.constant ? Add({.op = Op::kConstant, .a = AddConstant(*checked.constant)}) : emitted_[id];
    outline.push_back({.expr = id, .index = index});
  }

  void ListFacts(ExprId id, Outline& outline, std::set<int>& slots) {
    const Checked& checked = checked_[id];
    if (checked.constant) return;
    if (checked.meaning != Meaning::kFact) {
      for (ExprId child : ast_[id].children) ListFacts(child, outline, slots);
    } else if (slots.insert(checked.slot).second) {
      outline.push_back({.expr = id, .index = static_cast<uint32_t>(checked.slot), .fact = true});
    }
  }

  uint32_t Add(const Instruction& instruction) {
    tree_.instructions.push_back(instruction);
    return static_cast<uint32_t>(tree_.instructions.size() - 1);
  }

  uint32_t AddConstant(const Value& value) {
    tree_.constants.push_back(value);
    return static_cast<uint32_t>(tree_.constants.size() - 1);
  }

  std::vector<uint32_t> EmitEach(absl::Span<const ExprId> children) {
    std::vector<uint32_t> emitted;
    for (ExprId child : children) emitted.push_back(Emit(child));
    return emitted;
  }

  // A row of operands; where it begins.
  uint32_t AddOperands(absl::Span<const ExprId> children) { return AddRow(EmitEach(children)); }
  uint32_t AddRow(const std::vector<uint32_t>& operands) {
    const size_t begin = tree_.operands.size();
    tree_.operands.insert(tree_.operands.end(), operands.begin(), operands.end());
    return static_cast<uint32_t>(begin);
  }

  uint32_t Emit(ExprId id) {
    const uint32_t index = EmitNode(id);
    if (!emitted_.empty()) emitted_[id] = index;
    return index;
  }

  uint32_t EmitNode(ExprId id) {
    const Expr& expr = ast_[id];
    const Checked& checked = checked_[id];
    if (checked.constant) return Add({.op = Op::kConstant, .a = AddConstant(*checked.constant)});
    if (checked.meaning == Meaning::kFact) return Add({.op = Op::kFact, .a = static_cast<uint32_t>(checked.slot)});
    if (checked.meaning == Meaning::kLocal) return Add({.op = Op::kLocal, .a = static_cast<uint32_t>(checked.slot)});
    switch (expr.kind) {
      case ExprKind::kSelect:
        return EmitField(Op::kSelect, expr);
      case ExprKind::kHas:
        return EmitHas(expr.children[0]);
      case ExprKind::kCall:
        return EmitCall(expr, checked);
      case ExprKind::kAnd:
        return EmitLogical(Op::kAnd, expr);
      case ExprKind::kOr:
        return EmitLogical(Op::kOr, expr);
      case ExprKind::kConditional:
        return EmitConditional(expr);
      case ExprKind::kList:
        return EmitRow(Op::kList, expr.children);
      case ExprKind::kMap:
        return EmitRow(Op::kMap, expr.children);
      case ExprKind::kComprehension:
        return EmitComprehension(expr, checked);
      default:
        return Add({.op = Op::kConstant, .a = AddConstant(expr.literal)});
    }
  }

  uint32_t EmitRow(Op op, absl::Span<const ExprId> children) {
    const uint32_t begin = AddOperands(children);
    return Add({.op = op, .count = static_cast<uint16_t>(children.size()), .a = begin});
  }

  uint32_t EmitField(Op op, const Expr& select) {
    const uint32_t map = Emit(select.children[0]);
    return Add({.op = op, .a = map, .b = AddConstant(Value::String(arena_.Copy(select.name)))});
  }

  uint32_t EmitHas(ExprId argument) {
    const Checked& checked = checked_[argument];
    if (checked.meaning == Meaning::kFact) return Add({.op = Op::kHasFact, .a = static_cast<uint32_t>(checked.slot)});
    return EmitField(Op::kHasField, ast_[argument]);
  }

  // Terms that are known not to decide are left out, as long as what is left is sure to be a bool.
  uint32_t EmitLogical(Op op, const Expr& expr) {
    std::vector<ExprId> terms;
    for (ExprId term : expr.children) {
      const Checked& checked = checked_[term];
      const bool neutral = checked.constant && checked.constant->kind() == Kind::kBool &&
                           checked.constant->bool_value() == (op == Op::kAnd);
      if (!neutral) terms.push_back(term);
    }
    if (terms.size() == 1 && checked_[terms[0]].type == Type::Of(Kind::kBool)) return Emit(terms[0]);
    if (op == Op::kOr) return EmitRow(op, terms);
    const std::vector<uint32_t> guarded = JoinGuards(EmitEach(terms));
    if (guarded.size() == 1 && terms.size() > 1) return guarded[0];
    const uint32_t begin = AddRow(guarded);
    return Add({.op = op, .count = static_cast<uint16_t>(guarded.size()), .a = begin});
  }

  // Makes one of `has(x)` and a comparison of x right after it: rules are full of them.
  std::vector<uint32_t> JoinGuards(absl::Span<const uint32_t> terms) {
    std::vector<uint32_t> joined;
    for (uint32_t term : terms) {
      Instruction node = tree_.instructions[term];
      const Instruction* before = joined.empty() ? nullptr : &tree_.instructions[joined.back()];
      if (node.op == Op::kCompareFact && before != nullptr && before->op == Op::kHasFact && before->a == node.a) {
        node.count = 1;
        joined.back() = Add(node);
      } else {
        joined.push_back(term);
      }
    }
    return joined;
  }

  uint32_t EmitConditional(const Expr& expr) {
    const absl::optional<Value>& condition = checked_[expr.children[0]].constant;
    if (condition && condition->kind() == Kind::kBool) return Emit(expr.children[condition->bool_value() ? 1 : 2]);
    const uint32_t test = Emit(expr.children[0]);
    const uint32_t then = Emit(expr.children[1]);
    const uint32_t otherwise = Emit(expr.children[2]);
    return Add({.op = Op::kConditional, .a = test, .b = then, .c = otherwise});
  }

  uint32_t EmitCall(const Expr& expr, const Checked& checked) {
    const Function& function = Functions()[checked.function];
    const Relation relation = function.overloads[0].relation;
    if (relation != Relation::kNone) return EmitComparison(expr, relation);
    if (function.name == "!_") return Add({.op = Op::kNot, .a = Emit(expr.children[0])});
    if (function.name == "@in") {
      const uint32_t element = Emit(expr.children[0]);
      return Add({.op = Op::kIn, .a = element, .b = Emit(expr.children[1])});
    }
    const uint32_t begin = AddOperands(expr.children);
    return Add({.op = Op::kCall,
                .detail = static_cast<uint8_t>(checked.overload),
                .count = static_cast<uint16_t>(expr.children.size()),
                .a = begin,
                .b = static_cast<uint32_t>(checked.function),
                .c = Prepare(function.overloads[checked.overload].preparation, expr)});
  }

  uint32_t EmitComparison(const Expr& expr, Relation relation) {
    const Checked& left = checked_[expr.children[0]];
    const Checked& right = checked_[expr.children[1]];
    const uint8_t detail = static_cast<uint8_t>(relation);
    if (!left.constant && left.meaning == Meaning::kFact && right.constant && !right.constant->is_error()) {
      const uint32_t slot = static_cast<uint32_t>(left.slot);
      return Add({.op = Op::kCompareFact, .detail = detail, .a = slot, .b = AddConstant(*right.constant)});
    }
    const uint32_t first = Emit(expr.children[0]);
    return Add({.op = Op::kCompare, .detail = detail, .a = first, .b = Emit(expr.children[1])});
  }

  // What can be made of a constant second argument; 0 for nothing, otherwise its index and one.
  uint32_t Prepare(Preparation preparation, const Expr& expr) {
    if (preparation == Preparation::kNone || expr.children.size() != 2) return 0;
    const absl::optional<Value>& argument = checked_[expr.children[1]].constant;
    if (!argument || argument->kind() != Kind::kString) return 0;
    Prepared prepared;
    if (preparation == Preparation::kRegularExpression) prepared.pattern = CompilePattern(argument->string_value());
    if (preparation == Preparation::kTimeZone) prepared.zone = ParseTimeZone(argument->string_value());
    tree_.prepared.push_back(std::move(prepared));
    return static_cast<uint32_t>(tree_.prepared.size());
  }

  uint32_t EmitComprehension(const Expr& expr, const Checked& checked) {
    const uint32_t range = Emit(expr.children[0]);
    tree_.locals = std::max(tree_.locals, checked.slot + 1);
    const size_t before = tree_.instructions.size();
    Op op = OpOf(expr.macro);
    uint32_t body;
    if (expr.children.size() == 3) {
      op = Op::kTransformIf;
      body = AddOperands(absl::MakeConstSpan(expr.children).subspan(1));
    } else {
      body = Emit(expr.children[1]);
    }
    return Add({.op = op,
                .count = static_cast<uint16_t>(checked.slot),
                .a = range,
                .b = body,
                .c = static_cast<uint32_t>(tree_.instructions.size() - before)});
  }

  static Op OpOf(Macro macro) {
    switch (macro) {
      case Macro::kAll:
        return Op::kAll;
      case Macro::kExists:
        return Op::kExists;
      case Macro::kExistsOne:
        return Op::kExistsOne;
      case Macro::kMap:
        return Op::kTransform;
      case Macro::kFilter:
        return Op::kFilter;
    }
    return Op::kAll;
  }

  const Ast& ast_;
  const CheckedNodes& checked_;
  Arena& arena_;
  std::vector<uint32_t> emitted_;  // by ExprId; empty where no outline is asked for
  InstructionTree tree_;
};

}  // namespace

RootedTree BuildTree(const Ast& ast, const CheckedNodes& checked, ExprId root, Arena& arena, Outline* outline) {
  return Builder(ast, checked, arena).Run(root, outline);
}

}  // namespace waymark::expression
