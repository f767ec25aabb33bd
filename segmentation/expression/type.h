#ifndef WAYMARK_SEGMENTATION_EXPRESSION_TYPE_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_TYPE_H_

#include <string>
#include <vector>

#include "segmentation/expression/value.h"

namespace waymark::expression {

// A static type of the rule language. `dyn` fits every other type and is checked at evaluation.
// A value; cheap to copy for scalars.
class Type {
 public:
  static Type Dyn() { return Type(); }
  // REQUIRES: not a list or a map.
  static Type Of(Kind kind) { return Type(kind, {}); }
  static Type ListOf(Type element) { return Type(Kind::kList, {std::move(element)}); }
  static Type MapOf(Type key, Type value) { return Type(Kind::kMap, {std::move(key), std::move(value)}); }

  bool is_dyn() const { return dyn_; }
  // REQUIRES: not dyn.
  Kind kind() const { return kind_; }
  // A list's element; a map's key and value.
  const std::vector<Type>& parameters() const { return parameters_; }

  // "int", "list(string)", "map(string, dyn)", "dyn".
  std::string ToString() const;

  friend bool operator==(const Type& a, const Type& b) = default;

 private:
  Type() = default;
  Type(Kind kind, std::vector<Type> parameters) : dyn_(false), kind_(kind), parameters_(std::move(parameters)) {}

  bool dyn_ = true;
  Kind kind_ = Kind::kNull;
  std::vector<Type> parameters_;
};

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_TYPE_H_
