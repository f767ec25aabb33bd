// Any text is a rule, or has issues within it; a rule's canonical text is the same rule. So for templates.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "segmentation/expression/parser.h"
#include "segmentation/expression/position.h"
#include "segmentation/expression/program.h"
#include "segmentation/expression/template.h"
#include "segmentation/expression/unparse.h"
#include "segmentation/expression/utf8.h"
#include "tests/fuzz/require.h"
#include "tests/segmentation/expression/fake_facts.h"

namespace waymark::expression {
namespace {

using fuzz::Require;

void RequireWithin(const std::string& text, const std::vector<Issue>& issues) {
  Require(!issues.empty(), "what does not compile has issues", text);
  for (const Issue& issue : issues) {
    Require(!issue.message.empty() && issue.line >= 1 && issue.column >= 1, "an issue has a place", text);
    Require(Snippet(text, issue).find('^') != std::string::npos, "a snippet has a caret", text);
    if (!IsValidUtf8(text)) continue;
    Require(issue.column <= CountCodePoints(LineAt(text, issue.line)) + 1, "an issue lies in the text", text);
  }
}

void RequireRoundTrip(const std::string& text, const Program& program, const CompileOptions& options) {
  Arena arena;
  const Parsed parsed = Parse(text, arena);
  const std::string canonical = Unparse(parsed.ast, parsed.ast.root);
  if (canonical.size() > kMaxSourceBytes) return;
  const Parsed again = Parse(canonical, arena);
  Require(!again.problem && Unparse(again.ast, again.ast.root) == canonical, "canonical text stays as it is", text);
  FakeFacts facts = ShopFacts();
  const Compilation compiled = Compile(canonical, facts, absl::nullopt, options);
  Require(compiled.program.has_value(), "canonical text compiles", text);
  Require(compiled.program->type() == program.type() && compiled.program->cost_bound() == program.cost_bound() &&
              compiled.program->facts().size() == program.facts().size(),
          "canonical text is the same rule", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const bool check_types : {true, false}) {
    FakeFacts facts = ShopFacts();
    const Compilation compiled = Compile(text, facts, absl::nullopt, {.check_types = check_types});
    if (compiled.program) {
      RequireRoundTrip(text, *compiled.program, {.check_types = check_types});
    } else {
      RequireWithin(text, compiled.issues);
    }
  }
  FakeFacts facts = ShopFacts();
  const TemplateCompilation compiled = CompileTemplate(text, facts);
  if (!compiled.text) RequireWithin(text, compiled.issues);
  return 0;
}

}  // namespace waymark::expression
