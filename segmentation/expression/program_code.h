#ifndef WAYMARK_SEGMENTATION_EXPRESSION_PROGRAM_CODE_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_PROGRAM_CODE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "segmentation/expression/arena.h"
#include "segmentation/expression/code.h"
#include "segmentation/expression/program.h"
#include "segmentation/expression/type.h"

namespace waymark::expression {

// What a Program is made of; for this room alone. Immutable once a program has it.
struct Program::Code {
  std::string source;
  std::shared_ptr<Arena> arena = std::make_shared<Arena>();  // of the constants; shared by copies of the code
  // Programs may have one tree together, each with a root of its own.
  std::shared_ptr<const InstructionTree> tree;
  uint32_t root = 0;
  Type type = Type::Dyn();
  std::vector<int> facts;
  Outline outline;
  int64_t cost_bound = 0;
};

// Those who make and take apart programs.
class ProgramAccess {
 public:
  static Program Make(std::shared_ptr<const Program::Code> code) {
    Program program;
    program.code_ = std::move(code);
    return program;
  }
  static const Program::Code& CodeOf(const Program& program) { return *program.code_; }
};

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_PROGRAM_CODE_H_
