#include "segmentation/expression/evaluator.h"

#include <array>
#include <cstddef>
#include <utility>

#include "absl/base/attributes.h"
#include "segmentation/expression/equality.h"
#include "segmentation/expression/errors.h"

namespace waymark::expression {
namespace {

using Entry = std::pair<Value, Value>;

class Evaluator {
 public:
  Evaluator(const InstructionTree& tree, Activation& activation, Arena& arena, int64_t steps)
      : tree_(tree), activation_(activation), arena_(arena), steps_(steps) {
    if (tree.locals > static_cast<int>(kFewLocals)) locals_ = arena.Allocate<Value>(static_cast<size_t>(tree.locals));
  }

  // Leaves, which are most nodes, without a call.
  ABSL_ATTRIBUTE_ALWAYS_INLINE Value Evaluate(uint32_t index) {
    const Instruction& node = tree_.instructions[index];
    if (node.op == Op::kCompareFact) return CompareFact(node);
    if (node.op == Op::kFact) return activation_.Read(static_cast<int>(node.a));
    if (node.op == Op::kConstant) return tree_.constants[node.a];
    return EvaluateInner(node);
  }

  int64_t steps_left() const { return steps_; }
  void set_steps_left(int64_t steps) { steps_ = steps; }

 private:
  static constexpr size_t kFewLocals = 4;

  // The forms are kept out of one another (noinline), so that the common ones do not save the registers that only the
  // rare ones need: a third of the time of a short rule.
  ABSL_ATTRIBUTE_NOINLINE Value EvaluateInner(const Instruction& node) {
    switch (node.op) {
      case Op::kConstant:
        return tree_.constants[node.a];
      case Op::kFact:
        return activation_.Read(static_cast<int>(node.a));
      case Op::kLocal:
        return locals_[node.a];
      case Op::kHasFact:
        return HasFact(node);
      case Op::kHasField:
      case Op::kSelect:
        return Field(node);
      case Op::kCompare:
        return Compare(node);
      case Op::kCompareFact:
        return CompareFact(node);
      case Op::kNot:
        return Not(node);
      case Op::kIn:
        return In(node);
      case Op::kCall:
        return Call(node);
      case Op::kAnd:
        return Logical<false>(node);
      case Op::kOr:
        return Logical<true>(node);
      case Op::kConditional:
        return Conditional(node);
      case Op::kList:
        return List(node);
      case Op::kMap:
        return Map(node);
      default:
        return Comprehend(node);
    }
  }

  Value StepLimit() const { return Value::Error(ErrorCode::kStepLimit, "the rule takes too many steps"); }

  ABSL_ATTRIBUTE_NOINLINE Value HasFact(const Instruction& node) {
    const Value fact = activation_.Read(static_cast<int>(node.a));
    if (!fact.is_error()) return Value::Bool(true);
    return fact.error_code() == ErrorCode::kMissing ? Value::Bool(false) : fact;
  }

  ABSL_ATTRIBUTE_NOINLINE Value Field(const Instruction& node) {
    const Value map = Evaluate(node.a);
    if (map.is_error()) return map;
    if (map.kind() != Kind::kMap) return NoSuchOverload(arena_, "selecting a field", absl::MakeConstSpan(&map, 1));
    const Value& key = tree_.constants[node.b];
    const Value* found = Find(map.map_value(), key, steps_);
    if (steps_ < 0) return StepLimit();
    if (node.op == Op::kHasField) return Value::Bool(found != nullptr);
    if (found != nullptr) return *found;
    return MakeError(arena_, ErrorCode::kMissing, {"there is no field \"", key.string_value(), "\""});
  }

  ABSL_ATTRIBUTE_NOINLINE Value Compare(const Instruction& node) {
    const Relation relation = static_cast<Relation>(node.detail);
    const Value left = Evaluate(node.a);
    const Value right = Evaluate(node.b);
    return CompareValues(relation, left, right);
  }

  // The form that most rules are made of.
  ABSL_ATTRIBUTE_NOINLINE Value CompareFact(const Instruction& node) {
    const Value fact = activation_.Read(static_cast<int>(node.a));
    if (fact.is_error() && node.count > 0 && fact.error_code() == ErrorCode::kMissing) return Value::Bool(false);
    return CompareValues(static_cast<Relation>(node.detail), fact, tree_.constants[node.b]);
  }

  ABSL_ATTRIBUTE_ALWAYS_INLINE Value CompareValues(Relation relation, const Value& left, const Value& right) {
    if (left.kind() == right.kind()) {
      if (left.kind() == Kind::kInt) return Value::Bool(Holds(relation, left.int_value(), right.int_value()));
      if (left.kind() == Kind::kDouble) return Value::Bool(Holds(relation, left.double_value(), right.double_value()));
    }
    if (left.is_error()) return left;
    if (right.is_error()) return right;
    return CompareOthers(relation, left, right);
  }

  ABSL_ATTRIBUTE_NOINLINE Value CompareOthers(Relation relation, const Value& left, const Value& right) {
    if (relation == Relation::kEqual || relation == Relation::kNotEqual) {
      const bool equal = EqualWithin(left, right, steps_);
      if (steps_ < 0) return StepLimit();
      return Value::Bool(equal == (relation == Relation::kEqual));
    }
    const absl::optional<Order> order = expression::Compare(left, right);
    if (!order) return NoSuchOverload(arena_, "a comparison", std::array<Value, 2>{left, right});
    return Value::Bool(Holds(relation, *order));
  }

  ABSL_ATTRIBUTE_NOINLINE Value Not(const Instruction& node) {
    const Value value = Evaluate(node.a);
    if (value.kind() == Kind::kBool) return Value::Bool(!value.bool_value());
    return value.is_error() ? value : NoSuchOverload(arena_, "`!`", absl::MakeConstSpan(&value, 1));
  }

  ABSL_ATTRIBUTE_NOINLINE Value In(const Instruction& node) {
    const Value element = Evaluate(node.a);
    if (element.is_error()) return element;
    const Value range = Evaluate(node.b);
    if (range.is_error()) return range;
    bool found = false;
    if (range.kind() == Kind::kList) {
      for (const Value& candidate : range.list_value().elements) {
        found = EqualWithin(candidate, element, steps_);
        if (found || steps_ < 0) break;
      }
    } else if (range.kind() == Kind::kMap) {
      found = Find(range.map_value(), element, steps_) != nullptr;
    } else {
      return NoSuchOverload(arena_, "`in`", std::array<Value, 2>{element, range});
    }
    return steps_ < 0 ? StepLimit() : Value::Bool(found);
  }

  // A function may read the whole of a text, and make one as long. False where too few steps are left.
  bool TakeSteps(const Value& argument) {
    if (argument.kind() != Kind::kString && argument.kind() != Kind::kBytes) return true;
    steps_ -= static_cast<int64_t>(argument.string_value().size() / 64);
    return steps_ >= 0;
  }

  static bool Accepts(const Overload& overload, const Instruction& node, const Value* arguments) {
    if (overload.arity != node.count) return false;
    for (size_t i = 0; i < node.count; ++i) {
      if (!Fits(overload.parameters[i], arguments[i].kind())) return false;
    }
    return true;
  }

  ABSL_ATTRIBUTE_NOINLINE Value Call(const Instruction& node) {
    std::array<Value, Overload::kMaxParameters> arguments;
    for (size_t i = 0; i < node.count; ++i) {
      arguments[i] = Evaluate(tree_.operands[node.a + i]);
      if (arguments[i].is_error()) return arguments[i];
      if (!TakeSteps(arguments[i])) return StepLimit();
    }
    const Function& function = Functions()[node.b];
    const Overload* overload = &function.overloads[node.detail];
    if (!Accepts(*overload, node, arguments.data())) overload = Choose(function, node, arguments.data());
    if (overload == nullptr) {
      return NoSuchOverload(arena_, function.display, absl::MakeConstSpan(arguments.data(), node.count));
    }
    const Prepared* prepared = node.c > 0 ? &tree_.prepared[node.c - 1] : nullptr;
    const Value result = overload->run({arena_, steps_, prepared}, arguments.data());
    return steps_ < 0 ? StepLimit() : result;
  }

  static const Overload* Choose(const Function& function, const Instruction& node, const Value* arguments) {
    for (const Overload& overload : function.overloads) {
      if (Accepts(overload, node, arguments)) return &overload;
    }
    return nullptr;
  }

  // `&&` is decided by a false term, `||` by a true one, whatever the others are; without one, an error among the terms
  // is the result.
  template <bool deciding>
  ABSL_ATTRIBUTE_NOINLINE Value Logical(const Instruction& node) {
    Value error;
    for (size_t i = 0; i < node.count; ++i) {
      const Value term = Evaluate(tree_.operands[node.a + i]);
      if (Decides(deciding, term, error)) return Value::Bool(deciding);
    }
    return error.is_error() ? error : Value::Bool(!deciding);
  }

  // Whether the term decides; otherwise keeps the first error.
  bool Decides(bool deciding, const Value& term, Value& error) {
    if (term.kind() == Kind::kBool) return term.bool_value() == deciding;
    if (!error.is_error()) error = term.is_error() ? term : NotBool(term);
    return false;
  }

  Value NotBool(const Value& value) { return NoSuchOverload(arena_, "a condition", absl::MakeConstSpan(&value, 1)); }

  ABSL_ATTRIBUTE_NOINLINE Value Conditional(const Instruction& node) {
    const Value condition = Evaluate(node.a);
    if (condition.is_error()) return condition;
    if (condition.kind() != Kind::kBool) return NotBool(condition);
    return Evaluate(condition.bool_value() ? node.b : node.c);
  }

  ABSL_ATTRIBUTE_NOINLINE Value List(const Instruction& node) {
    Value* elements = arena_.Allocate<Value>(node.count);
    for (size_t i = 0; i < node.count; ++i) {
      elements[i] = Evaluate(tree_.operands[node.a + i]);
      if (elements[i].is_error()) return elements[i];
    }
    return Value::List(arena_.New(ListValue{absl::MakeConstSpan(elements, node.count)}));
  }

  ABSL_ATTRIBUTE_NOINLINE Value Map(const Instruction& node) {
    const size_t count = node.count / 2;
    Entry* entries = arena_.Allocate<Entry>(count);
    for (size_t i = 0; i < count; ++i) {
      const Value key = Evaluate(tree_.operands[node.a + 2 * i]);
      if (key.is_error()) return key;
      if (!IsKey(key.kind())) return NoSuchOverload(arena_, "a map's key", absl::MakeConstSpan(&key, 1));
      const MapValue before{absl::MakeConstSpan(entries, i)};
      if (Find(before, key, steps_) != nullptr) {
        return Value::Error(ErrorCode::kBadArgument, "a map has the same key twice");
      }
      if (steps_ < 0) return StepLimit();
      const Value value = Evaluate(tree_.operands[node.a + 2 * i + 1]);
      if (value.is_error()) return value;
      entries[i] = Entry(key, value);
    }
    return Value::Map(arena_.New(MapValue{absl::MakeConstSpan(entries, count)}));
  }

  ABSL_ATTRIBUTE_NOINLINE Value Comprehend(const Instruction& node) {
    const Value range = Evaluate(node.a);
    if (range.is_error()) return range;
    if (range.kind() != Kind::kList && range.kind() != Kind::kMap) {
      return NoSuchOverload(arena_, "going over the elements", absl::MakeConstSpan(&range, 1));
    }
    switch (node.op) {
      case Op::kAll:
        return Quantify<false>(node, range);
      case Op::kExists:
        return Quantify<true>(node, range);
      case Op::kExistsOne:
        return ExistsOne(node, range);
      default:
        return Collect(node, range);
    }
  }

  static size_t SizeOf(const Value& range) {
    return range.kind() == Kind::kList ? range.list_value().elements.size() : range.map_value().entries.size();
  }

  // Makes the range's element the macro's variable, and takes the steps of what follows. False where too few are left.
  bool Bind(const Instruction& node, const Value& range, size_t i) {
    steps_ -= 1 + static_cast<int64_t>(node.c);
    locals_[node.count] =
        range.kind() == Kind::kList ? range.list_value().elements[i] : range.map_value().entries[i].first;
    return steps_ >= 0;
  }

  template <bool deciding>
  Value Quantify(const Instruction& node, const Value& range) {
    Value error;
    for (size_t i = 0; i < SizeOf(range); ++i) {
      if (!Bind(node, range, i)) return StepLimit();
      if (Decides(deciding, Evaluate(node.b), error)) return Value::Bool(deciding);
    }
    return error.is_error() ? error : Value::Bool(!deciding);
  }

  Value ExistsOne(const Instruction& node, const Value& range) {
    size_t found = 0;
    for (size_t i = 0; i < SizeOf(range); ++i) {
      if (!Bind(node, range, i)) return StepLimit();
      const Value holds = Evaluate(node.b);
      if (holds.is_error()) return holds;
      if (holds.kind() != Kind::kBool) return NotBool(holds);
      if (holds.bool_value()) ++found;
    }
    return Value::Bool(found == 1);
  }

  // map() and filter().
  Value Collect(const Instruction& node, const Value& range) {
    const size_t size = SizeOf(range);
    steps_ -= static_cast<int64_t>(size / 4);
    Value* elements = arena_.Allocate<Value>(size);
    size_t count = 0;
    for (size_t i = 0; i < size; ++i) {
      if (!Bind(node, range, i)) return StepLimit();
      const Value holds = ConditionOf(node);
      if (holds.is_error()) return holds;
      if (holds.kind() != Kind::kBool) return NotBool(holds);
      if (!holds.bool_value()) continue;
      const Value element = ElementOf(node);
      if (element.is_error()) return element;
      elements[count++] = element;
    }
    return Value::List(arena_.New(ListValue{absl::MakeConstSpan(elements, count)}));
  }

  Value ConditionOf(const Instruction& node) {
    if (node.op == Op::kFilter) return Evaluate(node.b);
    if (node.op == Op::kTransformIf) return Evaluate(tree_.operands[node.b + 1]);
    return Value::Bool(true);
  }

  Value ElementOf(const Instruction& node) {
    if (node.op == Op::kFilter) return locals_[node.count];
    if (node.op == Op::kTransformIf) return Evaluate(tree_.operands[node.b]);
    return Evaluate(node.b);
  }

  const InstructionTree& tree_;
  Activation& activation_;
  Arena& arena_;
  int64_t steps_;  // that are left
  // Room for a few macro variables, not constructed: most rules have none.
  alignas(Value) std::array<std::byte, kFewLocals * sizeof(Value)> few_locals_;
  Value* locals_ = reinterpret_cast<Value*>(few_locals_.data());
};

}  // namespace

Value EvaluateTree(const InstructionTree& tree, uint32_t index, Activation& activation, Arena& arena) {
  return Evaluator(tree, activation, arena, kMaxSteps).Evaluate(index);
}

Value EvaluateWithin(const InstructionTree& tree, uint32_t index, Activation& activation, Arena& arena,
                     int64_t& steps) {
  Evaluator evaluator(tree, activation, arena, steps);
  const Value value = evaluator.Evaluate(index);
  steps = evaluator.steps_left();
  return value;
}

void EvaluateRoots(const InstructionTree& tree, absl::Span<const uint32_t> roots, Activation& activation, Arena& arena,
                   int8_t* holds) {
  Evaluator evaluator(tree, activation, arena, kMaxSteps);
  for (size_t i = 0; i < roots.size(); ++i) {
    if (holds[i] >= 0) continue;
    evaluator.set_steps_left(kMaxSteps);
    holds[i] = evaluator.Evaluate(roots[i]).holds() ? 1 : 0;
  }
}

}  // namespace waymark::expression
