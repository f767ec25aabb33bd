#include "segmentation/expression/sharing.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "segmentation/expression/checked.h"
#include "segmentation/expression/program_code.h"

namespace waymark::expression {
namespace {

constexpr int kNone = -1;
constexpr int kMaxDepth = 8;

// About what it takes, in nanoseconds (`./dev bench rules`), to look up a value that is known, and to evaluate a part
// the first time beyond what it takes within a rule. Only what is worth sharing depends on it.
constexpr double kLookUp = 2;
constexpr double kFirstTime = 15;

// About what the node itself takes, without its children.
double CostOf(const InstructionTree& tree, const Instruction& node) {
  switch (node.op) {
    case Op::kConstant:
    case Op::kLocal:
      return 1;
    case Op::kFact:
    case Op::kHasFact:
    case Op::kNot:
      return 2;
    case Op::kCompareFact:
    case Op::kCompare:
    case Op::kAnd:
    case Op::kOr:
    case Op::kConditional:
      return 3;
    case Op::kIn: {
      const Instruction& range = tree.instructions[node.b];
      const bool list = range.op == Op::kConstant && tree.constants[range.a].kind() == Kind::kList;
      return list ? 3 + 2 * static_cast<double>(tree.constants[range.a].list_value().elements.size()) : 20;
    }
    case Op::kCall:
      return node.c > 0 ? 60 : 15;
    case Op::kHasField:
    case Op::kSelect:
      return 10;
    case Op::kList:
    case Op::kMap:
      return 10 + 2 * node.count;
    default:
      return 50 + 20 * static_cast<double>(node.c);
  }
}

// Spells a constant so that different ones are spelled differently; `unique` is for those that are too long to spell.
std::string SpellingOf(const Value& value, size_t unique) {
  constexpr size_t kMaxSpelling = 4096;  // DebugString cuts longer ones
  if (value.is_error()) return absl::StrCat("e", static_cast<int>(value.error_code()), value.string_value());
  std::string text = DebugString(value);
  return text.size() <= kMaxSpelling ? text : absl::StrCat("u", unique);
}

class Sharing {
 public:
  Sharing(absl::Span<const Program> programs, absl::FunctionRef<int(const Program&)> add)
      : programs_(programs), add_(add), ids_(programs.size()) {}

  std::vector<Program> Run() {
    for (size_t i = 0; i < programs_.size(); ++i) {
      const InstructionTree& tree = TreeOf(i);
      ids_[i].assign(tree.instructions.size(), kNone);
      ++nodes_[static_cast<size_t>(Number(i, ProgramAccess::CodeOf(programs_[i]).root))].occurrences;
    }
    Choose();
    for (Node& node : nodes_) {
      if (node.chosen) node.slot = add_(MakePart(node));
    }
    std::vector<Program> rewritten;
    for (size_t i = 0; i < programs_.size(); ++i) rewritten.push_back(Rewrite(i));
    return rewritten;
  }

 private:
  // Nodes that mean the same, of any program. Children come before their parents.
  struct Node {
    size_t program = 0;  // where it was first seen
    uint32_t index = 0;
    std::vector<int> children;
    double cost = 0;           // of evaluating it, its children counted in
    int outermost = kNoLocal;  // the outermost macro variable that it takes from outside
    int64_t occurrences = 0;   // in rules and chosen parts
    int depth = 0;             // how many chosen parts it is within, at most
    bool chosen = false;
    int slot = kNone;
  };

  const InstructionTree& TreeOf(size_t program) const { return *ProgramAccess::CodeOf(programs_[program]).tree; }

  // The number of the node at `index`, which equal nodes share.
  int Number(size_t program, uint32_t index) {
    const InstructionTree& tree = TreeOf(program);
    const Instruction& node = tree.instructions[index];
    Node made{.program = program, .index = index};
    ForEachChild(tree, node, [&](uint32_t child) { made.children.push_back(Number(program, child)); });
    auto [it, inserted] = numbers_.try_emplace(KeyOf(tree, node, made.children), static_cast<int>(nodes_.size()));
    ids_[program][index] = it->second;
    if (inserted) {
      SetCostAndLocals(tree, node, made);
      nodes_.push_back(std::move(made));
    }
    return it->second;
  }

  std::string KeyOf(const InstructionTree& tree, const Instruction& node, const std::vector<int>& children) const {
    std::string key = absl::StrCat(static_cast<int>(node.op), ",", node.detail, ",", node.count);
    for (int child : children) absl::StrAppend(&key, ",", child);
    const auto spell = [&](uint32_t constant) {
      absl::StrAppend(&key, ";", SpellingOf(tree.constants[constant], nodes_.size()));
    };
    switch (node.op) {
      case Op::kConstant:
        spell(node.a);
        break;
      case Op::kFact:
      case Op::kHasFact:
      case Op::kLocal:
        absl::StrAppend(&key, ";", node.a);
        break;
      case Op::kCompareFact:
        absl::StrAppend(&key, ";", node.a);
        spell(node.b);
        break;
      case Op::kHasField:
      case Op::kSelect:
        spell(node.b);
        break;
      case Op::kCall:
        absl::StrAppend(&key, ";", node.b);
        break;
      default:
        break;
    }
    return key;
  }

  void SetCostAndLocals(const InstructionTree& tree, const Instruction& node, Node& made) const {
    made.cost = CostOf(tree, node);
    if (node.op == Op::kLocal) made.outermost = static_cast<int>(node.a);
    const bool macro = node.op >= Op::kAll;
    for (size_t i = 0; i < made.children.size(); ++i) {
      const Node& child = nodes_[static_cast<size_t>(made.children[i])];
      made.cost += child.cost;
      const bool own = macro && i > 0 && child.outermost >= static_cast<int>(node.count);
      if (!own) made.outermost = std::min(made.outermost, child.outermost);
    }
  }

  // What is within a part that is shared occurs once there, so the larger parts come first.
  void Choose() {
    for (size_t i = nodes_.size(); i-- > 0;) {
      Node& node = nodes_[i];
      node.chosen = IsWorthSharing(node);
      for (int id : node.children) {
        Node& child = nodes_[static_cast<size_t>(id)];
        child.occurrences += node.chosen ? 1 : node.occurrences;
        child.depth = std::max(child.depth, node.depth + (node.chosen ? 1 : 0));
      }
    }
  }

  bool IsWorthSharing(const Node& node) const {
    const Op op = TreeOf(node.program).instructions[node.index].op;
    if (op == Op::kConstant || op == Op::kFact || op == Op::kHasFact) return false;
    if (node.outermost != kNoLocal || node.depth >= kMaxDepth) return false;
    const double occurrences = static_cast<double>(node.occurrences);
    return (occurrences - 1) * node.cost > kFirstTime + occurrences * kLookUp;
  }

  // Copies nodes of one program into the common tree; parts that were chosen become facts.
  class Copier {
   public:
    Copier(Sharing& sharing, size_t program)
        : sharing_(sharing),
          from_(sharing.TreeOf(program)),
          to_(*sharing.tree_),
          ids_(sharing.ids_[program]),
          copies_(from_.instructions.size(), kNone) {
      to_.locals = std::max(to_.locals, from_.locals);
    }

    uint32_t Copy(uint32_t index) {
      const int id = ids_[index];
      if (id == kNone || !sharing_.nodes_[static_cast<size_t>(id)].chosen) return CopyBare(index);
      return Add({.op = Op::kFact, .a = static_cast<uint32_t>(sharing_.nodes_[static_cast<size_t>(id)].slot)});
    }

    // The node itself is copied, even where it was chosen.
    uint32_t CopyBare(uint32_t index) {
      if (copies_[index] == kNone) copies_[index] = static_cast<int>(Add(CopyOf(from_.instructions[index])));
      return static_cast<uint32_t>(copies_[index]);
    }

   private:
    uint32_t Add(const Instruction& node) {
      to_.instructions.push_back(node);
      return static_cast<uint32_t>(to_.instructions.size() - 1);
    }

    uint32_t Constant(uint32_t constant) {
      to_.constants.push_back(from_.constants[constant]);
      return static_cast<uint32_t>(to_.constants.size() - 1);
    }

    uint32_t Row(uint32_t begin, size_t count) {
      std::vector<uint32_t> row;
      for (size_t i = 0; i < count; ++i) row.push_back(Copy(from_.operands[begin + i]));
      to_.operands.insert(to_.operands.end(), row.begin(), row.end());
      return static_cast<uint32_t>(to_.operands.size() - count);
    }

    Instruction CopyOf(Instruction node) {
      switch (node.op) {
        case Op::kFact:
        case Op::kLocal:
        case Op::kHasFact:
          break;
        case Op::kConstant:
          node.a = Constant(node.a);
          break;
        case Op::kCompareFact:
          node.b = Constant(node.b);
          break;
        case Op::kHasField:
        case Op::kSelect:
          node.a = Copy(node.a);
          node.b = Constant(node.b);
          break;
        case Op::kNot:
          node.a = Copy(node.a);
          break;
        case Op::kCompare:
        case Op::kIn:
          node.a = Copy(node.a);
          node.b = Copy(node.b);
          break;
        case Op::kCall:
          node.a = Row(node.a, node.count);
          if (node.c > 0) {
            to_.prepared.push_back(from_.prepared[node.c - 1]);
            node.c = static_cast<uint32_t>(to_.prepared.size());
          }
          break;
        case Op::kAnd:
        case Op::kOr:
        case Op::kList:
        case Op::kMap:
          node.a = Row(node.a, node.count);
          break;
        case Op::kConditional:
          node.a = Copy(node.a);
          node.b = Copy(node.b);
          node.c = Copy(node.c);
          break;
        case Op::kTransformIf:
          node.a = Copy(node.a);
          node.b = Row(node.b, 2);
          break;
        default:
          node.a = Copy(node.a);
          node.b = Copy(node.b);
          break;
      }
      return node;
    }

    const Sharing& sharing_;
    const InstructionTree& from_;
    InstructionTree& to_;
    const std::vector<int>& ids_;
    std::vector<int> copies_;  // by index
  };

  Program MakePart(const Node& node) {
    const auto& rule = ProgramAccess::CodeOf(programs_[node.program]);
    auto part = std::make_shared<Program::Code>();
    part->root = Copier(*this, node.program).CopyBare(node.index);
    part->tree = tree_;
    part->arena = rule.arena;
    part->facts = FactsOf(*tree_, part->root);
    part->cost_bound = rule.cost_bound;
    return ProgramAccess::Make(std::move(part));
  }

  Program Rewrite(size_t program) {
    auto code = std::make_shared<Program::Code>(ProgramAccess::CodeOf(programs_[program]));
    Copier copier(*this, program);
    code->root = copier.Copy(code->root);
    for (OutlinePart& part : code->outline) {
      if (!part.fact) part.index = copier.Copy(part.index);
    }
    code->tree = tree_;
    return ProgramAccess::Make(std::move(code));
  }

  absl::Span<const Program> programs_;
  absl::FunctionRef<int(const Program&)> add_;
  std::vector<Node> nodes_;
  absl::flat_hash_map<std::string, int> numbers_;
  std::vector<std::vector<int>> ids_;  // by program and index; kNone for what its root does not reach
  // Of all programs together, so that evaluating one after another goes through memory in order.
  std::shared_ptr<InstructionTree> tree_ = std::make_shared<InstructionTree>();
};

}  // namespace

std::vector<Program> ShareParts(absl::Span<const Program> programs, absl::FunctionRef<int(const Program& part)> add) {
  return Sharing(programs, add).Run();
}

}  // namespace waymark::expression
