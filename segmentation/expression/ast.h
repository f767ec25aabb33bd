#ifndef WAYMARK_SEGMENTATION_EXPRESSION_AST_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_AST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "segmentation/expression/value.h"

namespace waymark::expression {

// An index into Ast::exprs.
using ExprId = uint32_t;

enum class ExprKind : uint8_t {
  kLiteral,
  kName,    // name
  kSelect,  // children[0].name
  kCall,  // name(children...), or where `receiver`: children[0].name(children[1]...); operators are calls named "_+_",
          // "!_", "_[_]", "@in"
  kAnd,   // two terms or more
  kOr,    // two terms or more
  kConditional,    // children: condition, then, else
  kList,           // children: elements
  kMap,            // children: key, value, key, value, …
  kHas,            // has(children[0])
  kComprehension,  // children: range, and the bodies of the macro
};

// The macros that go over a list's elements or a map's keys. `name` is the variable.
enum class Macro : uint8_t {
  kAll,        // children: range, condition
  kExists,     // children: range, condition
  kExistsOne,  // children: range, condition
  kMap,        // children: range, result, and where there is one a condition
  kFilter,     // children: range, condition
};

// One node of a parsed rule.
struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  Macro macro = Macro::kAll;
  bool receiver = false;  // kCall
  bool rooted = false;    // kName: written with a leading dot, so no macro's variable
  bool quoted = false;    // kSelect: written in backticks, so part of no dotted name
  uint16_t height = 1;    // of the tree below, this node counted
  uint32_t offset = 0;    // in the source, in bytes: where an issue about it points
  std::string name;
  Value literal;
  std::vector<ExprId> children;
};

// A parsed rule: children come before their parents. A value.
struct Ast {
  std::vector<Expr> exprs;
  ExprId root = 0;

  const Expr& operator[](ExprId id) const { return exprs[id]; }
};

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_AST_H_
