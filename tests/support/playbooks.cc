#include "tests/support/playbooks.h"

#include <cstdlib>
#include <iostream>

#include "service/base/time_zones.h"
#include "service/playbook/compile.h"

namespace waymark::testing_support {

std::shared_ptr<const playbook::Playbook> MustCompile(absl::string_view yaml, uint64_t version) {
  playbook::CompileResult result = playbook::CompilePlaybook(yaml, version, base::TimeZones());
  for (const playbook::Problem& problem : result.problems) {
    std::cerr << problem.line << ":" << problem.column << ": " << problem.field << ": " << problem.message << "\n";
  }
  if (result.playbook == nullptr) std::abort();
  return result.playbook;
}

}  // namespace waymark::testing_support
