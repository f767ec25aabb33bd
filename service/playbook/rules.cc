#include "service/playbook/rules.h"

#include "absl/strings/str_cat.h"
#include "segmentation/expression/evaluator.h"
#include "segmentation/expression/sharing.h"

namespace waymark::playbook {
namespace {

using expression::Kind;
using expression::Type;

bool IsNumber(const Type& type) {
  return type.is_dyn() || type.kind() == Kind::kInt || type.kind() == Kind::kUint || type.kind() == Kind::kDouble;
}

}  // namespace

RuleIndex Rules::Condition(const std::string& field, const std::string& text) {
  if (text.empty()) return kNone;
  absl::optional<expression::Program> program = CompileCondition(field, text);
  return program.has_value() ? Keep(*std::move(program)) : kNone;
}

RuleIndex Rules::Number(const std::string& field, const std::string& text) {
  absl::optional<expression::Program> program = Compile(field, text, absl::nullopt);
  if (!program.has_value()) return kNone;
  if (!IsNumber(program->type())) {
    problems_.Add(field, absl::StrCat("this rule must give a number, not ", program->type().ToString()));
    return kNone;
  }
  return Keep(*std::move(program));
}

expression::Template Rules::Text(const std::string& field, const std::string& text) {
  if (problems_.full()) return expression::Template();
  expression::TemplateCompilation compilation = expression::CompileTemplate(text, *facts_);
  for (const expression::Issue& issue : compilation.issues) {
    problems_.AddWithin(field, issue.line, issue.column, issue.message);
  }
  if (compilation.text.has_value()) CheckCost(field, compilation.text->cost_bound());
  return compilation.text.value_or(expression::Template());
}

expression::Program Rules::Program(const std::string& field, const std::string& text) {
  absl::optional<expression::Program> program;
  if (!text.empty()) program = CompileCondition(field, text);
  return program.has_value() ? *program : *expression::Compile("false", *facts_).program;
}

absl::optional<expression::Program> Rules::CompileCondition(const std::string& field, const std::string& text) {
  absl::optional<expression::Program> program = Compile(field, text, Type::Of(Kind::kBool));
  if (!program.has_value() || program->MayHold()) return program;
  problems_.Add(field, "this rule can never hold");
  return absl::nullopt;
}

absl::optional<expression::Program> Rules::Compile(const std::string& field, const std::string& text,
                                                   const absl::optional<Type>& type) {
  if (problems_.full()) return absl::nullopt;
  expression::Compilation compilation = expression::Compile(text, *facts_, type);
  for (const expression::Issue& issue : compilation.issues) {
    problems_.AddWithin(field, issue.line, issue.column, issue.message);
  }
  if (!compilation.program.has_value()) return absl::nullopt;
  if (!CheckCost(field, compilation.program->cost_bound())) return absl::nullopt;
  return compilation.program;
}

bool Rules::Implies(RuleIndex first, RuleIndex second) const {
  if (first == second) return true;
  const std::string text = absl::StrCat("(", program(first).source(), "\n) && !(", program(second).source(), "\n)");
  const expression::Compilation compilation = expression::Compile(text, *facts_, Type::Of(Kind::kBool));
  return compilation.program.has_value() && !compilation.program->MayHold();
}

bool Rules::CheckCost(const std::string& field, int64_t bound) {
  if (bound <= expression::kMaxSteps) return true;
  problems_.Add(field, absl::StrCat("this may take up to ", bound, " steps, and at most ", expression::kMaxSteps,
                                    " are allowed; macros within macros multiply"));
  return false;
}

void Rules::Share(std::vector<segmentation::SegmentRule>& segment_rules) {
  std::vector<expression::Program*> all;
  for (segmentation::SegmentRule& rule : segment_rules) {
    all.push_back(&rule.enter);
    if (rule.leave.has_value()) all.push_back(&*rule.leave);
  }
  for (expression::Program& program : programs_) all.push_back(&program);
  std::vector<expression::Program> unshared;
  unshared.reserve(all.size());
  for (const expression::Program* program : all) unshared.push_back(*program);
  std::vector<expression::Program> shared =
      expression::ShareParts(unshared, [this](const expression::Program& part) { return facts_->AddShared(part); });
  for (size_t i = 0; i < all.size(); ++i) *all[i] = std::move(shared[i]);
}

RuleIndex Rules::Keep(expression::Program program) {
  auto [it, inserted] = by_text_.try_emplace(std::string(program.source()), static_cast<RuleIndex>(programs_.size()));
  if (inserted) programs_.push_back(std::move(program));
  return it->second;
}

}  // namespace waymark::playbook
