#include "segmentation/expression/program.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "segmentation/expression/builder.h"
#include "segmentation/expression/checker.h"
#include "segmentation/expression/code.h"
#include "segmentation/expression/contradiction.h"
#include "segmentation/expression/cost.h"
#include "segmentation/expression/evaluator.h"
#include "segmentation/expression/messages.h"
#include "segmentation/expression/overloads.h"
#include "segmentation/expression/parser.h"
#include "segmentation/expression/position.h"
#include "segmentation/expression/program_code.h"

namespace waymark::expression {

namespace {

class ProgramBuilder {
 public:
  ProgramBuilder(absl::string_view source, absl::optional<Type> expected)
      : expected_(std::move(expected)), code_(std::make_shared<Program::Code>()) {
    code_->source = std::string(source);
  }

  Compilation Run(Environment& environment, const CompileOptions& options) {
    const Parsed parsed = Parse(code_->source, *code_->arena);
    if (parsed.problem) return Refused({*parsed.problem});
    CheckResult checked = Check(parsed.ast, environment, options.check_types, *code_->arena);
    if (checked.problems.empty() && options.check_types && expected_) {
      CheckExpected(*expected_, checked.nodes[parsed.ast.root].type, checked.problems);
    }
    if (!checked.problems.empty()) return Refused(std::move(checked.problems));
    RootedTree built = BuildTree(parsed.ast, checked.nodes, parsed.ast.root, *code_->arena, &code_->outline);
    code_->tree = std::make_shared<const InstructionTree>(std::move(built.tree));
    code_->root = built.root;
    code_->type = checked.nodes[parsed.ast.root].type;
    code_->facts = FactsOf(*code_->tree, code_->root);
    SetCostBound(checked.nodes);
    Compilation compilation;
    compilation.program = ProgramAccess::Make(std::move(code_));
    return compilation;
  }

 private:
  Compilation Refused(std::vector<Problem> problems) {
    std::stable_sort(problems.begin(), problems.end(),
                     [](const Problem& a, const Problem& b) { return a.offset < b.offset; });
    Compilation compilation;
    for (Problem& problem : problems) {
      const Position position = PositionAt(code_->source, problem.offset);
      compilation.issues.push_back({position.line, position.column, std::move(problem.message)});
    }
    return compilation;
  }

  void CheckExpected(const Type& expected, const Type& actual, std::vector<Problem>& problems) {
    if (Compatible(expected, actual)) return;
    const size_t begin = code_->source.find_first_not_of(" \t\r\n\f");
    problems.push_back({begin == std::string::npos ? 0 : begin,
                        absl::StrCat("this must be ", Describe(expected), ", but it is ", Describe(actual))});
  }

  void SetCostBound(const CheckedNodes& nodes) {
    absl::flat_hash_map<int, Type> types;
    for (const Checked& node : nodes) {
      if (node.meaning == Meaning::kFact) types.insert({node.slot, node.type});
    }
    code_->cost_bound = CostBound(*code_->tree, code_->root, types);
  }

  absl::optional<Type> expected_;
  std::shared_ptr<Program::Code> code_;
};

}  // namespace

Value Program::Evaluate(Activation& activation, Arena& arena) const {
  return EvaluateTree(*code_->tree, code_->root, activation, arena);
}

int64_t Program::CountSteps(Activation& activation, Arena& arena) const {
  int64_t left = kMaxSteps;
  EvaluateWithin(*code_->tree, code_->root, activation, arena, left);
  return std::min(kMaxSteps - left, kMaxSteps);
}

int64_t Program::cost_bound() const { return code_->cost_bound; }

const Type& Program::type() const { return code_->type; }

absl::string_view Program::source() const { return code_->source; }

const std::vector<int>& Program::facts() const { return code_->facts; }

absl::optional<Value> Program::constant() const {
  const Instruction& root = code_->tree->instructions[code_->root];
  if (root.op != Op::kConstant) return absl::nullopt;
  return code_->tree->constants[root.a];
}

bool Program::MayHold() const { return expression::MayHold(*code_->tree, code_->root); }

Compilation Compile(absl::string_view source, Environment& environment, absl::optional<Type> expected,
                    const CompileOptions& options) {
  return ProgramBuilder(source, std::move(expected)).Run(environment, options);
}

}  // namespace waymark::expression
