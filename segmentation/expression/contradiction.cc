#include "segmentation/expression/contradiction.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/expression/equality.h"

namespace waymark::expression {
namespace {

// What the terms of a conjunction leave of one subject: everything that is not a constant and is compared with some.
class Range {
 public:
  // The subject stands in this relation to the constant.
  void Constrain(Relation relation, const Value& constant) {
    switch (relation) {
      case Relation::kEqual:
        return Allow({constant});
      case Relation::kNotEqual:
        refused_.push_back(constant);
        break;
      default:
        is_no_nan_ = true;
        Tighten({relation, constant});
    }
    if (allowed_.has_value()) {
      std::erase_if(*allowed_, [&](const Value& value) { return !Takes(relation, constant, value); });
    }
  }

  // The subject is one of these.
  void Allow(std::vector<Value> values) {
    std::erase_if(values, [this](const Value& value) { return !TakesAll(value); });
    allowed_ = std::move(values);
  }

  // Whether something that was said of it holds of no NaN.
  bool IsNoNan() const { return is_no_nan_; }

  bool IsEmpty() const { return empty_ || (allowed_.has_value() && allowed_->empty()); }

 private:
  struct Bound {
    Relation relation;
    Value constant;
  };

  static bool IsLower(Relation relation) {
    return relation == Relation::kGreater || relation == Relation::kGreaterOrEqual;
  }

  static bool Takes(Relation relation, const Value& constant, const Value& value) {
    if (relation == Relation::kNotEqual) return !Equal(value, constant);
    const absl::optional<Order> order = Compare(value, constant);
    return order.has_value() && Holds(relation, *order);
  }

  bool TakesAll(const Value& value) const {
    const auto equals = [&](const Value& other) { return Equal(other, value); };
    if (allowed_.has_value() && std::none_of(allowed_->begin(), allowed_->end(), equals)) return false;
    if (std::any_of(refused_.begin(), refused_.end(), equals)) return false;
    return std::all_of(bounds_.begin(), bounds_.end(),
                       [&](const Bound& bound) { return Takes(bound.relation, bound.constant, value); });
  }

  // Of each kind of constants the tightest bound in each direction is enough; so there are few. Constants of different
  // kinds are not held against each other: an int beside a double is compared as doubles are, which beyond 2^53 has no
  // order.
  void Tighten(const Bound& bound) {
    Bound* same = nullptr;
    for (Bound& known : bounds_) {
      if (known.constant.kind() != bound.constant.kind()) continue;
      if (IsLower(known.relation) == IsLower(bound.relation)) {
        same = &known;
      } else if (Exclude(known, bound)) {
        empty_ = true;
      }
    }
    if (same == nullptr) {
      bounds_.push_back(bound);
    } else if (Takes(same->relation, same->constant, bound.constant)) {
      *same = bound;  // else the known one is as tight, or tighter
    }
  }

  // Whether nothing is both above the one and below the other.
  static bool Exclude(const Bound& a, const Bound& b) {
    const Bound& lower = IsLower(a.relation) ? a : b;
    const Bound& upper = IsLower(a.relation) ? b : a;
    const absl::optional<Order> order = Compare(lower.constant, upper.constant);
    if (order == Order::kGreater) return true;
    const bool both_inclusive = lower.relation == Relation::kGreaterOrEqual && upper.relation == Relation::kLessOrEqual;
    return order == Order::kEqual && !both_inclusive;
  }

  absl::optional<std::vector<Value>> allowed_;  // absent: anything
  std::vector<Value> refused_;
  std::vector<Bound> bounds_;
  bool empty_ = false;
  bool is_no_nan_ = false;
};

// By the subject's key.
using Ranges = absl::flat_hash_map<std::string, Range>;

Relation Mirrored(Relation relation) {
  switch (relation) {
    case Relation::kLess:
      return Relation::kGreater;
    case Relation::kLessOrEqual:
      return Relation::kGreaterOrEqual;
    case Relation::kGreater:
      return Relation::kLess;
    case Relation::kGreaterOrEqual:
      return Relation::kLessOrEqual;
    default:
      return relation;
  }
}

class Search {
 public:
  explicit Search(const InstructionTree& tree) : tree_(tree) {}

  // Whether the node can be `wanted` (true or false) beside what the ranges hold already, to which it adds its own.
  bool MayBe(uint32_t node, bool wanted, Ranges& ranges) {
    const Instruction& instruction = tree_.instructions[node];
    if (instruction.op == Op::kNot) return MayBe(instruction.a, !wanted, ranges);
    const bool logical = instruction.op == Op::kAnd || instruction.op == Op::kOr;
    // `a && b` false is `!a || !b`.
    if (logical && (instruction.op == Op::kAnd) == wanted) return MayAllBe(instruction, wanted, ranges);
    if (logical) return MayAnyBe(instruction, wanted, ranges);
    if (instruction.op == Op::kConstant) {
      const Value& constant = tree_.constants[instruction.a];
      return constant.kind() == Kind::kBool && constant.bool_value() == wanted;
    }
    return MayCondition(node, wanted, ranges);
  }

 private:
  // Terms that branch come last, so that each is held against all that is certain.
  bool MayAllBe(const Instruction& row, bool wanted, Ranges& ranges) {
    const auto terms = absl::MakeConstSpan(tree_.operands).subspan(row.a, row.count);
    for (bool branching : {false, true}) {
      for (uint32_t term : terms) {
        if (Branches(term, wanted) == branching && !MayBe(term, wanted, ranges)) return false;
      }
    }
    return true;
  }

  // Each by itself: what they say is not added up.
  bool MayAnyBe(const Instruction& row, bool wanted, const Ranges& ranges) {
    const auto terms = absl::MakeConstSpan(tree_.operands).subspan(row.a, row.count);
    return std::any_of(terms.begin(), terms.end(), [&](uint32_t term) {
      Ranges own = ranges;
      return MayBe(term, wanted, own);
    });
  }

  bool Branches(uint32_t node, bool wanted) const {
    const Instruction& instruction = tree_.instructions[node];
    if (instruction.op == Op::kNot) return Branches(instruction.a, !wanted);
    return instruction.op == (wanted ? Op::kOr : Op::kAnd);
  }

  bool MayCondition(uint32_t node, bool wanted, Ranges& ranges) {
    const Instruction& instruction = tree_.instructions[node];
    const auto relation = static_cast<Relation>(instruction.detail);
    const Relation meant = wanted ? relation : Opposite(relation);
    // `!(x < 5)` says `x >= 5` only where x is no NaN.
    const auto says_something = [&](const std::string& subject) {
      if (wanted || relation == Relation::kEqual || relation == Relation::kNotEqual) return true;
      const auto known = ranges.find(subject);
      return known != ranges.end() && known->second.IsNoNan();
    };
    switch (instruction.op) {
      case Op::kCompareFact:
        if (instruction.count > 0) {
          if (!wanted) return true;  // or it is not known
          if (!Add(ranges, HasKey(instruction.a), Relation::kEqual, Value::Bool(true))) return false;
        }
        return !says_something(FactKey(instruction.a)) ||
               Add(ranges, FactKey(instruction.a), meant, tree_.constants[instruction.b]);
      case Op::kCompare:
        if (const Value* constant = Constant(instruction.b)) {
          return !says_something(Key(instruction.a)) || Add(ranges, Key(instruction.a), meant, *constant);
        }
        if (const Value* constant = Constant(instruction.a)) {
          return !says_something(Key(instruction.b)) || Add(ranges, Key(instruction.b), Mirrored(meant), *constant);
        }
        break;
      case Op::kIn:
        if (const Value* list = Constant(instruction.b); wanted && list != nullptr && list->kind() == Kind::kList) {
          Range& range = ranges[Key(instruction.a)];
          const auto elements = list->list_value().elements;
          range.Allow({elements.begin(), elements.end()});
          return !range.IsEmpty();
        }
        break;
      default:
        break;
    }
    return Add(ranges, Key(node), Relation::kEqual, Value::Bool(wanted));
  }

  static bool Add(Ranges& ranges, const std::string& subject, Relation relation, const Value& constant) {
    Range& range = ranges[subject];
    range.Constrain(relation, constant);
    return !range.IsEmpty();
  }

  // Of what can be ordered.
  static Relation Opposite(Relation relation) {
    switch (relation) {
      case Relation::kEqual:
        return Relation::kNotEqual;
      case Relation::kNotEqual:
        return Relation::kEqual;
      case Relation::kLess:
        return Relation::kGreaterOrEqual;
      case Relation::kLessOrEqual:
        return Relation::kGreater;
      case Relation::kGreater:
        return Relation::kLessOrEqual;
      case Relation::kGreaterOrEqual:
        return Relation::kLess;
      case Relation::kNone:
        break;
    }
    return relation;
  }

  const Value* Constant(uint32_t node) const {
    const Instruction& instruction = tree_.instructions[node];
    return instruction.op == Op::kConstant ? &tree_.constants[instruction.a] : nullptr;
  }

  static std::string FactKey(uint32_t slot) { return absl::StrCat("fact ", slot); }
  static std::string HasKey(uint32_t slot) { return absl::StrCat("has ", slot); }

  // The same for nodes that have the same value at every evaluation: facts by slot, what else is no fact by the node
  // itself, so that only a fact, or whether it is known, is recognized when it comes again.
  std::string Key(uint32_t node) const {
    const Instruction& instruction = tree_.instructions[node];
    if (instruction.op == Op::kFact) return FactKey(instruction.a);
    if (instruction.op == Op::kHasFact) return HasKey(instruction.a);
    return absl::StrCat("node ", node);
  }

  const InstructionTree& tree_;
};

}  // namespace

bool MayHold(const InstructionTree& tree, uint32_t root) {
  Ranges ranges;
  return Search(tree).MayBe(root, true, ranges);
}

}  // namespace waymark::expression
