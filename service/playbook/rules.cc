#include "service/playbook/rules.h"

#include "absl/strings/str_cat.h"

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
  absl::optional<expression::Program> program = Compile(field, text, Type::Of(Kind::kBool));
  return program.has_value() ? Keep(*std::move(program)) : kNone;
}

RuleIndex Rules::Number(const std::string& field, const std::string& text) {
  if (problems_.full()) return kNone;
  expression::Compilation compilation = expression::Compile(text, *facts_);
  for (const expression::Issue& issue : compilation.issues) {
    problems_.AddWithin(field, issue.line, issue.column, issue.message);
  }
  if (!compilation.program.has_value()) return kNone;
  if (!IsNumber(compilation.program->type())) {
    problems_.Add(field, absl::StrCat("this rule must give a number, not ", compilation.program->type().ToString()));
    return kNone;
  }
  return Keep(*std::move(compilation.program));
}

expression::Template Rules::Text(const std::string& field, const std::string& text) {
  if (problems_.full()) return expression::Template();
  expression::TemplateCompilation compilation = expression::CompileTemplate(text, *facts_);
  for (const expression::Issue& issue : compilation.issues) {
    problems_.AddWithin(field, issue.line, issue.column, issue.message);
  }
  return compilation.text.value_or(expression::Template());
}

expression::Program Rules::Program(const std::string& field, const std::string& text) {
  absl::optional<expression::Program> program;
  if (!text.empty()) program = Compile(field, text, Type::Of(Kind::kBool));
  return program.has_value() ? *program : *expression::Compile("false", *facts_).program;
}

absl::optional<expression::Program> Rules::Compile(const std::string& field, const std::string& text,
                                                   const Type& type) {
  if (problems_.full()) return absl::nullopt;
  expression::Compilation compilation = expression::Compile(text, *facts_, type);
  for (const expression::Issue& issue : compilation.issues) {
    problems_.AddWithin(field, issue.line, issue.column, issue.message);
  }
  if (!compilation.program.has_value()) return absl::nullopt;
  if (!compilation.program->MayHold()) {
    problems_.Add(field, "this rule can never hold");
    return absl::nullopt;
  }
  return compilation.program;
}

RuleIndex Rules::Keep(expression::Program program) {
  auto [it, inserted] = by_text_.try_emplace(std::string(program.source()), static_cast<RuleIndex>(programs_.size()));
  if (inserted) programs_.push_back(std::move(program));
  return it->second;
}

}  // namespace waymark::playbook
