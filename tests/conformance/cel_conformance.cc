// Runs a file of CEL conformance cases, one JSON object a line: {"file", "section", "test", "expr", "bindings",
// "disable_check", "expect"}. Prints each case that fails, then "N passed, M failed". Exit code: 0 all passed, 1 some
// failed, 2 the file cannot be read. `--own FILE` also checks what is no part of CEL: canonical texts and cost bounds.

#include <exception>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/conformance/cel_case.h"

namespace {

using ::nlohmann::json;

// What is wrong with the case of this line; nullopt where it passes.
absl::optional<std::string> RunLine(const std::string& line, bool own) {
  try {
    const json test_case = json::parse(line);
    absl::optional<std::string> wrong = waymark::conformance::RunCase(test_case, own);
    if (wrong) {
      wrong = test_case.value("file", "") + "/" + test_case.value("section", "") + "/" + test_case.value("test", "") +
              ": " + test_case.at("expr").get<std::string>() + "\n    " + *wrong;
    }
    return wrong;
  } catch (const std::exception& malformed) {  // nlohmann-json throws
    return std::string("the case is malformed: ") + malformed.what();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool own = argc == 3 && std::string(argv[1]) == "--own";
  if (argc != (own ? 3 : 2)) {
    std::cerr << "usage: cel_conformance [--own] FILE\n";
    return 2;
  }
  std::ifstream file(argv[argc - 1]);
  if (!file) {
    std::cerr << "cannot read " << argv[argc - 1] << "\n";
    return 2;
  }
  int passed = 0;
  int failed = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    const absl::optional<std::string> wrong = RunLine(line, own);
    if (wrong) std::cout << *wrong << "\n";
    ++(wrong ? failed : passed);
  }
  std::cout << passed << " passed, " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}
