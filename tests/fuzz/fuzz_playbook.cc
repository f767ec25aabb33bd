// Any text is a playbook, or has problems within it; compiling it again says the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "service/playbook/compile.h"
#include "service/playbook/playbook.h"
#include "tests/fuzz/require.h"

namespace waymark::playbook {
namespace {

using fuzz::Require;

void RequireWhole(const CompileResult& result, const std::string& text, int lines) {
  Require((result.playbook == nullptr) == !result.problems.empty(), "a playbook, or problems", text);
  Require(result.problems.size() <= kMaxProblems, "not too many problems", text);
  for (const Problem& problem : result.problems) {
    Require(!problem.message.empty(), "a problem says something", text);
    Require(problem.line >= 0 && problem.column >= 0 && problem.line <= lines, "a problem lies in the text", text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // YAML's lines end with \n, \r\n, or \r.
  const int lines =
      static_cast<int>(std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r')) + 1;
  const CompileResult compiled = CompilePlaybook(text, 3, nullptr);
  RequireWhole(compiled, text, lines);
  const CompileResult again = CompilePlaybook(text, 3, nullptr);
  Require(again.problems == compiled.problems, "the same problems again", text);
  if (compiled.playbook == nullptr) return 0;
  Require(compiled.playbook->version == 3, "it has its version", text);
  const CandidateResult candidate = CompileWithSegment(text, 3, nullptr, {.name = "", .when = "true"});
  Require(candidate.compiled.playbook == nullptr || candidate.index >= 0, "a candidate has its place", text);
  return 0;
}

}  // namespace waymark::playbook
