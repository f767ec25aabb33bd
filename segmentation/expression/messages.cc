#include "segmentation/expression/messages.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace waymark::expression {
namespace {

bool Is(const Type& type, Kind kind) { return !type.is_dyn() && type.kind() == kind; }

bool IsNumber(const Type& type) { return Is(type, Kind::kInt) || Is(type, Kind::kUint) || Is(type, Kind::kDouble); }

// How to say the same with types that fit; empty where there is no such advice.
std::string NumberAdvice(const Type& a, const Type& b) {
  if (!IsNumber(a) || !IsNumber(b)) return "";
  if (Is(a, Kind::kDouble) || Is(b, Kind::kDouble)) {
    return "; write the whole number with a decimal point (10.0) or convert it with double()";
  }
  return "; convert one of them with int() or uint()";
}

std::string EqualityMessage(const Type& a, const Type& b) {
  if (Is(a, Kind::kNull) || Is(b, Kind::kNull)) {
    const Type& other = Is(a, Kind::kNull) ? b : a;
    return absl::StrCat(Describe(other), " is never null; has(…) asks whether it is known");
  }
  return absl::StrCat(Describe(a), " cannot be compared with ", Describe(b), NumberAdvice(a, b));
}

std::string InMessage(const Type& element, const Type& range) {
  if (!range.is_dyn() && range.kind() != Kind::kList && range.kind() != Kind::kMap) {
    return absl::StrCat("`in` looks into a list, as in x in [\"a\", \"b\"], not into ", Describe(range));
  }
  return absl::StrCat("a ", range.ToString(), " never holds ", Describe(element));
}

std::string IndexMessage(const Type& list, const Type& index) {
  if (!list.is_dyn() && list.kind() != Kind::kList && list.kind() != Kind::kMap) {
    return absl::StrCat(Describe(list), " has no elements for []");
  }
  return absl::StrCat("a ", list.ToString(), " has no index of ", Describe(index));
}

std::string OperatorMessage(const Function& function, absl::Span<const Type> arguments) {
  const Relation relation = function.overloads[0].relation;
  if (arguments.size() == 1) return absl::StrCat(function.display, " does not work on ", Describe(arguments[0]));
  if (relation == Relation::kEqual || relation == Relation::kNotEqual)
    return EqualityMessage(arguments[0], arguments[1]);
  if (relation != Relation::kNone) {
    return absl::StrCat(Describe(arguments[0]), " cannot be compared with ", Describe(arguments[1]));
  }
  if (function.name == "@in") return InMessage(arguments[0], arguments[1]);
  if (function.name == "_[_]") return IndexMessage(arguments[0], arguments[1]);
  return absl::StrCat(function.display, " does not work on ", Describe(arguments[0]), " and ", Describe(arguments[1]),
                      NumberAdvice(arguments[0], arguments[1]));
}

}  // namespace

std::string Describe(const Type& type) {
  if (type.is_dyn()) return "any value";
  switch (type.kind()) {
    case Kind::kBool:
      return "true or false (bool)";
    case Kind::kInt:
      return "a whole number (int)";
    case Kind::kUint:
      return "a whole number from 0 (uint)";
    case Kind::kDouble:
      return "a decimal number (double)";
    case Kind::kString:
      return "a text (string)";
    case Kind::kTimestamp:
      return "a time (timestamp)";
    case Kind::kDuration:
      return "a duration";
    default:
      return absl::StrCat("a ", type.ToString());
  }
}

std::string NoOverloadMessage(const Function& function, absl::Span<const Type> arguments) {
  if (function.is_operator()) return OperatorMessage(function, arguments);
  std::vector<std::string> signatures;
  for (const Overload& overload : function.overloads) {
    if (!overload.dynamic_only) signatures.push_back(Signature(overload));
  }
  const std::string given =
      absl::StrJoin(arguments, ", ", [](std::string* out, const Type& type) { absl::StrAppend(out, type.ToString()); });
  return absl::StrCat(function.display, " does not take (", given, "); it is ", absl::StrJoin(signatures, " or "));
}

std::string Ordinal(int index_from_zero) {
  constexpr absl::string_view kWords[] = {"first", "second", "third", "fourth", "fifth"};
  if (index_from_zero < 5) return std::string(kWords[index_from_zero]);
  return absl::StrCat(index_from_zero + 1, "th");
}

}  // namespace waymark::expression
