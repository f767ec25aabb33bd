#include "segmentation/expression/cost.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <limits>
#include <vector>

#include "segmentation/expression/format.h"
#include "segmentation/expression/string_functions.h"
#include "segmentation/expression/time_functions.h"

namespace waymark::expression {
namespace {

int64_t Plus(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<int64_t>::max() : sum;
}

int64_t Times(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<int64_t>::max() : product;
}

// What is known of a value's size, each at most.
struct Shape {
  int64_t elements = 0;            // of a list or a map
  int64_t bytes = 0;               // of a text
  int64_t comparison = 1;          // the steps of comparing it with anything
  const Shape* element = nullptr;  // of each element, key and value; null: they are scalars
};

struct Cost {
  int64_t steps = 0;
  const Shape* shape;
};

class Analysis {
 public:
  Analysis(const InstructionTree& tree, const absl::flat_hash_map<int, Type>& types)
      : tree_(tree), types_(types), locals_(static_cast<size_t>(tree.locals), &scalar_) {
    // A scalar has no elements, and an unknown value's are as unknown.
    scalar_.element = &scalar_;
    text_ = {.bytes = kMaxFactTextBytes, .element = &scalar_};
    unknown_ = {.elements = kMaxDynElements,
                .bytes = kMaxFactTextBytes,
                .comparison = 1 + kMaxDynElements * (kMaxDynElements + 1),
                .element = &unknown_};
  }

  int64_t Run(uint32_t root) { return Of(root).steps; }

 private:
  const Shape* Keep(const Shape& shape) {
    shapes_.push_back(shape);
    return &shapes_.back();
  }

  const Shape* TextOf(int64_t bytes) { return Keep({.bytes = bytes, .element = &scalar_}); }

  const Shape* ListOf(int64_t elements, const Shape* element) {
    return Keep(
        {.elements = elements, .comparison = Plus(1, Times(elements, element->comparison)), .element = element});
  }

  // Either of the two.
  const Shape* Join(const Shape* a, const Shape* b) {
    if (Covers(*a, *b)) return a;
    if (Covers(*b, *a)) return b;
    if (a == &unknown_ || b == &unknown_) return JoinUnknown(a == &unknown_ ? b : a);
    return Keep({.elements = std::max(a->elements, b->elements),
                 .bytes = std::max(a->bytes, b->bytes),
                 .comparison = std::max(a->comparison, b->comparison),
                 .element = Join(a->element, b->element)});
  }

  bool Covers(const Shape& a, const Shape& b) const {
    const bool elements = a.element == b.element || b.element == &scalar_;
    return elements && a.elements >= b.elements && a.bytes >= b.bytes && a.comparison >= b.comparison;
  }

  // What is larger than the unknown stays so at every depth: the unknown has no end to go down to.
  const Shape* JoinUnknown(const Shape* other) {
    return Keep({.elements = std::max(other->elements, unknown_.elements),
                 .bytes = std::max(other->bytes, unknown_.bytes),
                 .comparison = std::max(other->comparison, unknown_.comparison),
                 .element = Join(other->element, &unknown_)});
  }

  const Shape* ShapeOf(const Type& type) {
    if (type.is_dyn()) return &unknown_;
    switch (type.kind()) {
      case Kind::kString:
      case Kind::kBytes:
        return &text_;
      case Kind::kList:
        return ListOf(kMaxFactElements, ShapeOf(type.parameters()[0]));
      case Kind::kMap:
        return MapOf(kMaxFactElements, Join(ShapeOf(type.parameters()[0]), ShapeOf(type.parameters()[1])));
      default:
        return &scalar_;
    }
  }

  // Comparing looks for each key among the other's.
  const Shape* MapOf(int64_t entries, const Shape* element) {
    return Keep({.elements = entries,
                 .comparison = Plus(1, Times(entries, Plus(entries, element->comparison))),
                 .element = element});
  }

  // Folding can make a value that holds one list many times over; each is looked at once.
  const Shape* ShapeOf(const Value& value) {
    switch (value.kind()) {
      case Kind::kString:
      case Kind::kBytes:
        return TextOf(static_cast<int64_t>(value.string_value().size()));
      case Kind::kList: {
        const Shape*& known = constants_[&value.list_value()];
        if (known != nullptr) return known;
        const Shape* made = ShapeOfList(value.list_value());
        return constants_[&value.list_value()] = made;
      }
      case Kind::kMap: {
        const Shape*& known = constants_[&value.map_value()];
        if (known != nullptr) return known;
        const Shape* made = ShapeOfMap(value.map_value());
        return constants_[&value.map_value()] = made;
      }
      default:
        return &scalar_;
    }
  }

  const Shape* ShapeOfList(const ListValue& list) {
    const Shape* element = &scalar_;
    for (const Value& each : list.elements) element = Join(element, ShapeOf(each));
    return ListOf(static_cast<int64_t>(list.elements.size()), element);
  }

  const Shape* ShapeOfMap(const MapValue& map) {
    const Shape* element = &scalar_;
    for (const auto& [key, value] : map.entries) element = Join(element, Join(ShapeOf(key), ShapeOf(value)));
    return MapOf(static_cast<int64_t>(map.entries.size()), element);
  }

  const Shape* ShapeOfFact(uint32_t slot) {
    auto type = types_.find(static_cast<int>(slot));
    return type == types_.end() ? &unknown_ : ShapeOf(type->second);
  }

  Cost Of(uint32_t index) {
    const Instruction& node = tree_.instructions[index];
    switch (node.op) {
      case Op::kConstant:
        return {0, ShapeOf(tree_.constants[node.a])};
      case Op::kFact:
        return {0, ShapeOfFact(node.a)};
      case Op::kLocal:
        return {0, locals_[node.a]};
      case Op::kHasFact:
        return {0, &scalar_};
      case Op::kHasField:
      case Op::kSelect: {
        const Cost map = Of(node.a);
        return {Plus(map.steps, map.shape->elements), node.op == Op::kSelect ? map.shape->element : &scalar_};
      }
      case Op::kCompare: {
        const Cost left = Of(node.a);
        const Cost right = Of(node.b);
        return {Plus(Plus(left.steps, right.steps), std::min(left.shape->comparison, right.shape->comparison)),
                &scalar_};
      }
      case Op::kCompareFact: {
        const int64_t left = ShapeOfFact(node.a)->comparison;
        return {std::min(left, ShapeOf(tree_.constants[node.b])->comparison), &scalar_};
      }
      case Op::kNot:
        return {Of(node.a).steps, &scalar_};
      case Op::kIn: {
        const Cost element = Of(node.a);
        const Cost range = Of(node.b);
        const int64_t each = std::min(element.shape->comparison, range.shape->element->comparison);
        return {Plus(Plus(element.steps, range.steps), Times(range.shape->elements, each)), &scalar_};
      }
      case Op::kCall:
        return OfCall(node);
      case Op::kAnd:
      case Op::kOr:
        return {OfRow(node).steps, &scalar_};
      case Op::kConditional: {
        const Cost test = Of(node.a);
        const Cost then = Of(node.b);
        const Cost otherwise = Of(node.c);
        return {Plus(test.steps, std::max(then.steps, otherwise.steps)), Join(then.shape, otherwise.shape)};
      }
      case Op::kList: {
        const Cost row = OfRow(node);
        return {row.steps, ListOf(node.count, row.shape)};
      }
      case Op::kMap: {
        // Each key is looked for among those before it.
        const Cost row = OfRow(node);
        const int64_t entries = node.count / 2;
        return {Plus(row.steps, entries * entries / 2), MapOf(entries, row.shape)};
      }
      default:
        return OfMacro(node);
    }
  }

  // All operands together, and what covers each.
  Cost OfRow(const Instruction& node) {
    Cost all{0, &scalar_};
    for (size_t i = 0; i < node.count; ++i) {
      const Cost each = Of(tree_.operands[node.a + i]);
      all.steps = Plus(all.steps, each.steps);
      all.shape = Join(all.shape, each.shape);
    }
    return all;
  }

  Cost OfCall(const Instruction& node) {
    const Cost first = node.count > 0 ? Of(tree_.operands[node.a]) : Cost{0, &scalar_};
    const Cost second = node.count > 1 ? Of(tree_.operands[node.a + 1]) : Cost{0, &scalar_};
    const int64_t read = Plus(first.shape->bytes / 64, second.shape->bytes / 64);
    Cost call = OfFunction(Functions()[node.b], node, *first.shape, *second.shape);
    call.steps = Plus(Plus(first.steps, second.steps), Plus(read, call.steps));
    return call;
  }

  // What the function itself takes and makes.
  Cost OfFunction(const Function& function, const Instruction& node, const Shape& first, const Shape& second) {
    if (function.name == "_+_") {
      const int64_t elements = Plus(first.elements, second.elements);
      return {elements, Keep({.elements = elements,
                              .bytes = Plus(first.bytes, second.bytes),
                              .comparison = Plus(first.comparison, second.comparison - 1),
                              .element = Join(first.element, second.element)})};
    }
    if (function.name == "_[_]") return {first.elements, first.element};
    if (function.name == "dyn") return {0, &first};
    if (function.name == "string" || function.name == "bytes")
      return {0, TextOf(std::max<int64_t>(first.bytes, ShortText::kCapacity))};
    if (node.c > 0) return {0, &scalar_};  // what it needs was made when the rule was compiled
    Cost cost{0, &scalar_};
    for (const Overload& overload : function.overloads) {
      if (overload.arity != node.count) continue;
      if (overload.preparation == Preparation::kRegularExpression) cost.steps = kStepsPerPattern;
      if (overload.preparation == Preparation::kTimeZone) cost.steps = kStepsPerZone;
    }
    return cost;
  }

  Cost OfMacro(const Instruction& node) {
    const Cost range = Of(node.a);
    locals_[node.count] = range.shape->element;
    const bool conditional = node.op == Op::kTransformIf;
    Cost body = Of(conditional ? tree_.operands[node.b] : node.b);
    if (conditional) body.steps = Plus(body.steps, Of(tree_.operands[node.b + 1]).steps);
    const int64_t elements = range.shape->elements;
    const int64_t turn = Plus(1 + static_cast<int64_t>(node.c), body.steps);
    const int64_t steps = Plus(range.steps, Times(elements, turn));
    if (node.op == Op::kFilter) return {Plus(steps, elements / 4), ListOf(elements, range.shape->element)};
    if (node.op == Op::kTransform || conditional) return {Plus(steps, elements / 4), ListOf(elements, body.shape)};
    return {steps, &scalar_};
  }

  const InstructionTree& tree_;
  const absl::flat_hash_map<int, Type>& types_;
  Shape scalar_;
  Shape text_;
  Shape unknown_;
  std::vector<const Shape*> locals_;  // by macro variable
  std::deque<Shape> shapes_;
  absl::flat_hash_map<const void*, const Shape*> constants_;
};

}  // namespace

int64_t CostBound(const InstructionTree& tree, uint32_t root, const absl::flat_hash_map<int, Type>& types) {
  return Analysis(tree, types).Run(root);
}

}  // namespace waymark::expression
