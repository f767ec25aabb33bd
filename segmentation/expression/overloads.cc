#include "segmentation/expression/overloads.h"

namespace waymark::expression {
namespace {

// What the letters of an overload stand for in one call.
struct Letters {
  absl::optional<Type> a;
  absl::optional<Type> b;
};

bool Bind(absl::optional<Type>& letter, const Type& type) {
  if (letter && !Compatible(*letter, type)) return false;
  letter = letter ? Join(*letter, type) : type;
  return true;
}

bool Unify(Pattern pattern, const Type& type, Letters& letters) {
  switch (pattern) {
    case Pattern::kDyn:
      return true;
    case Pattern::kA:
      return Bind(letters.a, type);
    case Pattern::kB:
      return Bind(letters.b, type);
    default:
      break;
  }
  if (type.is_dyn()) return true;
  if (!Fits(pattern, type.kind())) return false;
  if (pattern == Pattern::kListOfA) return Bind(letters.a, type.parameters()[0]);
  if (pattern == Pattern::kMapOfAToB)
    return Bind(letters.a, type.parameters()[0]) && Bind(letters.b, type.parameters()[1]);
  return true;
}

Type ResultOf(Pattern pattern, const Letters& letters) {
  switch (pattern) {
    case Pattern::kBool:
      return Type::Of(Kind::kBool);
    case Pattern::kInt:
      return Type::Of(Kind::kInt);
    case Pattern::kUint:
      return Type::Of(Kind::kUint);
    case Pattern::kDouble:
      return Type::Of(Kind::kDouble);
    case Pattern::kString:
      return Type::Of(Kind::kString);
    case Pattern::kBytes:
      return Type::Of(Kind::kBytes);
    case Pattern::kTimestamp:
      return Type::Of(Kind::kTimestamp);
    case Pattern::kDuration:
      return Type::Of(Kind::kDuration);
    case Pattern::kType:
      return Type::Of(Kind::kType);
    case Pattern::kA:
      return letters.a.value_or(Type::Dyn());
    case Pattern::kB:
      return letters.b.value_or(Type::Dyn());
    case Pattern::kListOfA:
      return Type::ListOf(letters.a.value_or(Type::Dyn()));
    default:
      return Type::Dyn();
  }
}

absl::optional<Type> ResultOfCall(const Overload& overload, absl::Span<const Type> arguments) {
  if (overload.dynamic_only || overload.arity != arguments.size()) return absl::nullopt;
  Letters letters;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!Unify(overload.parameters[i], arguments[i], letters)) return absl::nullopt;
  }
  return ResultOf(overload.result, letters);
}

}  // namespace

bool Compatible(const Type& a, const Type& b) {
  if (a.is_dyn() || b.is_dyn()) return true;
  if (a.kind() != b.kind()) return false;
  for (size_t i = 0; i < a.parameters().size(); ++i) {
    if (!Compatible(a.parameters()[i], b.parameters()[i])) return false;
  }
  return true;
}

Type Join(const Type& a, const Type& b) {
  if (a == b) return a;
  if (a.is_dyn() || b.is_dyn() || a.kind() != b.kind()) return Type::Dyn();
  if (a.kind() == Kind::kList) return Type::ListOf(Join(a.parameters()[0], b.parameters()[0]));
  return Type::MapOf(Join(a.parameters()[0], b.parameters()[0]), Join(a.parameters()[1], b.parameters()[1]));
}

absl::optional<OverloadChoice> ChooseOverload(const Function& function, absl::Span<const Type> arguments) {
  absl::optional<OverloadChoice> choice;
  for (size_t i = 0; i < function.overloads.size(); ++i) {
    const absl::optional<Type> result = ResultOfCall(function.overloads[i], arguments);
    if (!result) continue;
    if (choice) {
      choice->result = Join(choice->result, *result);
    } else {
      choice = OverloadChoice{static_cast<int>(i), *result};
    }
  }
  return choice;
}

}  // namespace waymark::expression
