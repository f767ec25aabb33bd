#include "segmentation/expression/checker.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "segmentation/expression/errors.h"
#include "segmentation/expression/evaluator.h"
#include "segmentation/expression/folding.h"
#include "segmentation/expression/functions.h"
#include "segmentation/expression/messages.h"
#include "segmentation/expression/names.h"
#include "segmentation/expression/overloads.h"
#include "segmentation/expression/string_functions.h"
#include "segmentation/expression/suggestions.h"
#include "segmentation/expression/time_text.h"

namespace waymark::expression {
namespace {

const Type kBoolType = Type::Of(Kind::kBool);

class Checker {
 public:
  Checker(const Ast& ast, Environment& environment, bool check_types, Arena& arena)
      : ast_(ast), environment_(environment), check_types_(check_types), arena_(arena), nodes_(ast.exprs.size()) {}

  CheckResult Run() {
    Visit(ast_.root);
    return {std::move(nodes_), std::move(problems_)};
  }

 private:
  struct Local {
    absl::string_view name;
    Type type;
  };

  void Visit(ExprId id) {
    const size_t problems_before = problems_.size();
    const Expr& expr = ast_[id];
    switch (expr.kind) {
      case ExprKind::kLiteral:
        nodes_[id].type = TypeOfLiteral(expr.literal);
        nodes_[id].constant = expr.literal;
        return;
      case ExprKind::kName:
        return VisitName(id);
      case ExprKind::kSelect:
        VisitSelect(id);
        break;
      case ExprKind::kCall:
        VisitCall(id);
        break;
      case ExprKind::kAnd:
      case ExprKind::kOr:
        VisitLogical(id);
        break;
      case ExprKind::kConditional:
        VisitConditional(id);
        break;
      case ExprKind::kList:
        VisitList(id);
        break;
      case ExprKind::kMap:
        VisitMap(id);
        break;
      case ExprKind::kHas:
        VisitHas(id);
        break;
      case ExprKind::kComprehension:
        VisitComprehension(id);
        break;
    }
    Fold(id, problems_.size() == problems_before);
  }

  static Type TypeOfLiteral(const Value& literal) { return Type::Of(literal.kind()); }

  // ---- problems ----

  void Refuse(ExprId id, std::string message) { RefuseAt(id, ast_[id].offset, std::move(message)); }

  void RefuseAt(ExprId id, size_t offset, std::string message) {
    nodes_[id].meaning = Meaning::kRefused;
    nodes_[id].type = Type::Dyn();
    problems_.push_back({offset, std::move(message)});
  }

  // A mistake that the checker sees, or else evaluation.
  void RefuseOrErr(ExprId id, ErrorCode code, const std::string& message) {
    if (check_types_) return Refuse(id, message);
    nodes_[id].constant = Value::Error(code, arena_.Copy(message));
  }

  void RequireBool(ExprId id, absl::string_view what) {
    if (!check_types_ || Compatible(nodes_[id].type, kBoolType)) return;
    problems_.push_back(
        {Begin(id), absl::StrCat(what, " must be true or false (bool), not ", Describe(nodes_[id].type))});
  }

  // Where the text of the node begins, for operators and selections that stand after their first operand.
  size_t Begin(ExprId id) const {
    size_t begin = ast_[id].offset;
    for (ExprId child : ast_[id].children) begin = std::min(begin, Begin(child));
    return begin;
  }

  // ---- names ----

  // The dotted name that the node spells; nullopt where it is none, or begins with a macro's variable.
  absl::optional<std::string> DottedName(ExprId id) const {
    std::vector<absl::string_view> parts;
    while (ast_[id].kind == ExprKind::kSelect && !ast_[id].quoted) {
      parts.push_back(ast_[id].name);
      id = ast_[id].children[0];
    }
    const Expr& root = ast_[id];
    if (root.kind != ExprKind::kName || (!root.rooted && FindLocal(root.name) >= 0)) return absl::nullopt;
    parts.push_back(root.name);
    std::reverse(parts.begin(), parts.end());
    return absl::StrJoin(parts, ".");
  }

  int FindLocal(absl::string_view name) const {
    for (size_t i = locals_.size(); i > 0; --i) {
      if (locals_[i - 1].name == name) return static_cast<int>(i - 1);
    }
    return -1;
  }

  // Whether the environment or the language knows this dotted name; then the node is it.
  bool Resolve(ExprId id, absl::string_view name) {
    Checked& node = nodes_[id];
    if (const absl::optional<FactReference> fact = environment_.Variable(name)) {
      SetFact(node, *fact);
      return true;
    }
    const absl::optional<Kind> kind = TypeNamed(name);
    if (!kind) return false;
    node.type = Type::Of(Kind::kType);
    node.constant = Value::Type(*kind);
    return true;
  }

  static void SetFact(Checked& node, const FactReference& fact) {
    node.meaning = Meaning::kFact;
    node.slot = fact.slot;
    node.type = fact.type;
    node.depends_on_facts = true;
  }

  void VisitName(ExprId id) {
    prefix_.reset();
    const Expr& expr = ast_[id];
    const int local = expr.rooted ? -1 : FindLocal(expr.name);
    if (local >= 0) {
      Checked& node = nodes_[id];
      node.meaning = Meaning::kLocal;
      node.slot = local;
      node.type = locals_[static_cast<size_t>(local)].type;
      node.outermost_local = local;
    } else if (!Resolve(id, expr.name)) {
      RefuseUnknown(id, expr.name);
    }
  }

  void RefuseUnknown(ExprId id, absl::string_view name) {
    std::string message = absl::StrCat("there is no `", name, "`");
    if (check_types_) absl::StrAppend(&message, DidYouMean(name, KnownNames()));
    if (check_types_) return RefuseAt(id, Begin(id), std::move(message));
    nodes_[id].meaning = Meaning::kRefused;
    nodes_[id].constant = Value::Error(ErrorCode::kMissing, arena_.Copy(message));
  }

  std::vector<std::string> KnownNames() const {
    std::vector<std::string> names = LanguageNames();
    for (std::string& name : environment_.Names()) names.push_back(std::move(name));
    for (const Local& local : locals_) names.emplace_back(local.name);
    return names;
  }

  // The longest prefix that is a name; what follows it are fields. It is looked for once, from the outermost selection.
  void VisitSelect(ExprId id) {
    if (!prefix_) {
      const absl::optional<std::string> name = DottedName(id);
      if (name) prefix_ = LongestPrefix(id, *name);
      if (name && !prefix_) return RefuseUnknown(id, *name);
    }
    if (prefix_ == id) {
      prefix_.reset();
      Resolve(id, *DottedName(id));
      return;
    }
    const ExprId operand = ast_[id].children[0];
    Visit(operand);
    const Type& type = nodes_[operand].type;
    if (type.is_dyn()) return;
    if (type.kind() == Kind::kMap && Compatible(type.parameters()[0], Type::Of(Kind::kString))) {
      nodes_[id].type = type.parameters()[1];
    } else if (check_types_) {
      Refuse(id, absl::StrCat(Describe(type), " has no field `", ast_[id].name, "`"));
    }
  }

  // The node that spells the longest prefix of `name`, which `id` spells, that the environment or the language knows.
  absl::optional<ExprId> LongestPrefix(ExprId id, absl::string_view name) {
    while (!environment_.Variable(name) && !TypeNamed(name)) {
      if (ast_[id].kind == ExprKind::kName) return absl::nullopt;
      name.remove_suffix(ast_[id].name.size() + 1);
      id = ast_[id].children[0];
    }
    return id;
  }

  // ---- calls ----

  void VisitCall(ExprId id) {
    const Expr& expr = ast_[id];
    if (!expr.receiver && environment_.HasFunction(expr.name) && FindFunction(expr.name, false) < 0) {
      return VisitFactCall(id, expr.name, 0);
    }
    if (expr.receiver) {
      const absl::optional<std::string> target = DottedName(expr.children[0]);
      const std::string qualified = target ? absl::StrCat(*target, ".", expr.name) : "";
      if (target && environment_.HasFunction(qualified)) return VisitFactCall(id, qualified, 1);
    }
    for (ExprId child : expr.children) Visit(child);
    const int function = FindFunction(expr.name, expr.receiver);
    if (function < 0) return RefuseFunction(id);
    ChooseOverloadOf(id, function);
  }

  void RefuseFunction(ExprId id) {
    const Expr& expr = ast_[id];
    std::string message = check_types_ ? UnknownFunctionMessage(expr.name, expr.receiver, KnownNames())
                                       : absl::StrCat("there is no function ", expr.name, "()");
    RefuseOrErr(id, ErrorCode::kNoSuchOverload, message);
  }

  void ChooseOverloadOf(ExprId id, int index) {
    const Expr& expr = ast_[id];
    const Function& function = Functions()[index];
    std::vector<Type> arguments;
    for (ExprId child : expr.children) arguments.push_back(nodes_[child].type);
    const absl::optional<OverloadChoice> choice = ChooseOverload(function, arguments);
    Checked& node = nodes_[id];
    node.function = index;
    if (choice) {
      node.overload = choice->overload;
      node.type = choice->result;
      CheckPrepared(id, function.overloads[choice->overload].preparation);
    } else if (check_types_ || arguments.size() > Overload::kMaxParameters) {
      RefuseOrErr(id, ErrorCode::kNoSuchOverload, NoOverloadMessage(function, arguments));
    }
  }

  // A constant that the call cannot use is better known now.
  void CheckPrepared(ExprId id, Preparation preparation) {
    if (!check_types_ || preparation == Preparation::kNone) return;
    const ExprId argument = ast_[id].children[1];
    const absl::optional<Value>& constant = nodes_[argument].constant;
    if (!constant || constant->kind() != Kind::kString) return;
    if (preparation == Preparation::kTimeZone && !ParseTimeZone(constant->string_value())) {
      Refuse(argument, "there is no such time zone; write one such as \"Europe/Berlin\" or \"+01:00\"");
    }
    if (preparation == Preparation::kRegularExpression && CompilePattern(constant->string_value()) == nullptr) {
      Refuse(argument, "the regular expression is not valid");
    }
  }

  // A function of the environment: of the children from `first` on, which must be constants.
  void VisitFactCall(ExprId id, const std::string& name, size_t first) {
    const absl::Span<const ExprId> children = absl::MakeConstSpan(ast_[id].children).subspan(first);
    const size_t problems = problems_.size();
    std::vector<Value> arguments;
    for (size_t i = 0; i < children.size(); ++i) {
      const size_t before = problems_.size();
      Visit(children[i]);
      const absl::optional<Value>& constant = nodes_[children[i]].constant;
      const std::string which = absl::StrCat("the ", Ordinal(static_cast<int>(i)), " argument of ", name, "()");
      if (problems_.size() > before) {
        continue;
      } else if (!constant) {
        RefuseAt(id, Begin(children[i]), absl::StrCat(which, " must be a constant"));
      } else if (constant->is_error()) {
        RefuseAt(id, Begin(children[i]), absl::StrCat(which, " has no value: ", constant->string_value()));
      } else {
        arguments.push_back(*constant);
      }
    }
    nodes_[id].depends_on_facts = true;
    if (problems_.size() == problems) ResolveFactCall(id, name, children, arguments);
  }

  void ResolveFactCall(ExprId id, const std::string& name, absl::Span<const ExprId> children,
                       absl::Span<const Value> arguments) {
    const Environment::CallResult call = environment_.Call(name, arguments);
    if (call.fact) return SetFact(nodes_[id], *call.fact);
    const int argument = call.problem.argument;
    const bool about_one = argument >= 0 && argument < static_cast<int>(children.size());
    RefuseAt(id, about_one ? Begin(children[static_cast<size_t>(argument)]) : ast_[id].offset, call.problem.message);
  }

  // ---- the rest ----

  void VisitLogical(ExprId id) {
    const bool is_and = ast_[id].kind == ExprKind::kAnd;
    for (ExprId child : ast_[id].children) {
      Visit(child);
      RequireBool(child, is_and ? "what stands beside `&&`" : "what stands beside `||`");
    }
    nodes_[id].type = kBoolType;
  }

  void VisitConditional(ExprId id) {
    const std::vector<ExprId>& children = ast_[id].children;
    for (ExprId child : children) Visit(child);
    RequireBool(children[0], "what stands before `?`");
    const Type& then = nodes_[children[1]].type;
    const Type& otherwise = nodes_[children[2]].type;
    if (check_types_ && !Compatible(then, otherwise)) {
      return Refuse(id, absl::StrCat("both results of `? :` must be of one type, not ", Describe(then), " and ",
                                     Describe(otherwise)));
    }
    nodes_[id].type = Join(then, otherwise);
  }

  // The type that covers every second child, from `first` on where step is 2.
  Type JoinOf(absl::Span<const ExprId> children, size_t first, size_t step) const {
    absl::optional<Type> joined;
    for (size_t i = first; i < children.size(); i += step) {
      const Type& type = nodes_[children[i]].type;
      joined = joined ? Join(*joined, type) : type;
    }
    return joined.value_or(Type::Dyn());
  }

  void VisitList(ExprId id) {
    for (ExprId child : ast_[id].children) Visit(child);
    nodes_[id].type = Type::ListOf(JoinOf(ast_[id].children, 0, 1));
  }

  void VisitMap(ExprId id) {
    const std::vector<ExprId>& children = ast_[id].children;
    for (ExprId child : children) Visit(child);
    for (size_t i = 0; i < children.size(); i += 2) {
      const Type& key = nodes_[children[i]].type;
      if (check_types_ && !key.is_dyn() && !IsKey(key.kind())) {
        problems_.push_back(
            {Begin(children[i]), absl::StrCat("a map has keys of int, uint, bool or string, not ", Describe(key))});
      }
    }
    nodes_[id].type = Type::MapOf(JoinOf(children, 0, 2), JoinOf(children, 1, 2));
  }

  void VisitHas(ExprId id) {
    const ExprId argument = ast_[id].children[0];
    Visit(argument);
    nodes_[id].type = kBoolType;
    const Meaning meaning = nodes_[argument].meaning;
    const bool field = ast_[argument].kind == ExprKind::kSelect && !IsTypeName(argument);
    if (meaning == Meaning::kRefused) nodes_[id].constant = nodes_[argument].constant;
    if (meaning == Meaning::kFact || meaning == Meaning::kRefused || field) return;
    RefuseOrErr(id, ErrorCode::kBadArgument, "has() takes a fact or a field, as in has(customer.age)");
  }

  bool IsTypeName(ExprId id) const {
    const absl::optional<Value>& constant = nodes_[id].constant;
    return constant && constant->kind() == Kind::kType && DottedName(id).has_value();
  }

  void VisitComprehension(ExprId id) {
    const Expr& expr = ast_[id];
    const ExprId range = expr.children[0];
    Visit(range);
    const Type element = ElementOf(id, range);
    const int depth = static_cast<int>(locals_.size());
    locals_.push_back({expr.name, element});
    for (size_t i = 1; i < expr.children.size(); ++i) Visit(expr.children[i]);
    locals_.pop_back();
    const bool transforms = expr.macro == Macro::kMap;
    if (!transforms) RequireBool(expr.children[1], absl::StrCat("the condition of ", NameOf(expr.macro)));
    if (transforms && expr.children.size() == 3) RequireBool(expr.children[2], "the condition of map()");
    Checked& node = nodes_[id];
    node.slot = depth;
    node.type = transforms                     ? Type::ListOf(nodes_[expr.children[1]].type)
                : expr.macro == Macro::kFilter ? Type::ListOf(element)
                                               : kBoolType;
  }

  static absl::string_view NameOf(Macro macro) {
    constexpr absl::string_view kNames[] = {"all()", "exists()", "exists_one()", "map()", "filter()"};
    return kNames[static_cast<size_t>(macro)];
  }

  Type ElementOf(ExprId id, ExprId range) {
    const Type& type = nodes_[range].type;
    if (type.is_dyn()) return type;
    if (type.kind() == Kind::kList || type.kind() == Kind::kMap) return type.parameters()[0];
    if (check_types_) {
      problems_.push_back(
          {Begin(range), absl::StrCat(NameOf(ast_[id].macro), " goes over a list or a map, not ", Describe(type))});
    }
    return Type::Dyn();
  }

  // ---- constants ----

  // REQUIRES: the children were visited. What is wrong elsewhere in the rule does not keep a sound part from being
  // constant, so that one mistake does not bring others along.
  void Fold(ExprId id, bool sound) {
    const Checked& node = nodes_[id];
    if (node.meaning != Meaning::kPlain || node.constant) return;
    SetDependencies(ast_, nodes_, id);
    if (!sound) return;
    SetConstant(ast_, nodes_, id, arena_, steps_);
    if (node.constant && check_types_) RefuseBadConstant(id);
  }

  // duration("soon") is a mistake of the rule's author, and no error to wait for.
  void RefuseBadConstant(ExprId id) {
    const Checked& node = nodes_[id];
    const bool function = node.function >= 0 && !Functions()[node.function].is_operator();
    if (!function || !node.constant->is_error()) return;
    const ErrorCode code = node.constant->error_code();
    if (code != ErrorCode::kBadArgument && code != ErrorCode::kOverflow) return;
    for (ExprId child : ast_[id].children) {
      if (!nodes_[child].constant || nodes_[child].constant->is_error()) return;
    }
    Refuse(id, absl::StrCat(Functions()[node.function].display, " fails: ", node.constant->string_value()));
  }

  const Ast& ast_;
  Environment& environment_;
  const bool check_types_;
  Arena& arena_;
  CheckedNodes nodes_;
  std::vector<Problem> problems_;
  std::vector<Local> locals_;
  absl::optional<ExprId> prefix_;  // of the selections that are being visited: the node that is a name
  int64_t steps_ = kMaxSteps;      // that are left for constants
};

}  // namespace

CheckResult Check(const Ast& ast, Environment& environment, bool check_types, Arena& arena) {
  return Checker(ast, environment, check_types, arena).Run();
}

}  // namespace waymark::expression
