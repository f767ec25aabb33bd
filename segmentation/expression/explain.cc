#include "segmentation/expression/explain.h"

#include "segmentation/expression/evaluator.h"
#include "segmentation/expression/parser.h"
#include "segmentation/expression/program_code.h"
#include "segmentation/expression/unparse.h"

namespace waymark::expression {

std::vector<Part> Explain(const Program& program, Activation& activation, Arena& arena) {
  const auto& code = ProgramAccess::CodeOf(program);
  Arena literals;
  const Parsed parsed = Parse(code.source, literals);
  std::vector<Part> parts;
  for (const OutlinePart& listed : code.outline) {
    Part part{.text = Unparse(parsed.ast, listed.expr), .fact = listed.fact};
    if (listed.fact) {
      part.slot = static_cast<int>(listed.index);
      part.value = activation.Read(part.slot);
    } else {
      part.value = EvaluateTree(*code.tree, listed.index, activation, arena);
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace waymark::expression
