#ifndef WAYMARK_TESTS_SUPPORT_PLAYBOOKS_H_
#define WAYMARK_TESTS_SUPPORT_PLAYBOOKS_H_

#include <memory>

#include "absl/strings/string_view.h"
#include "service/playbook/playbook.h"

namespace waymark::testing_support {

// The compiled playbook; prints every problem and aborts where there are some.
std::shared_ptr<const playbook::Playbook> MustCompile(absl::string_view yaml, uint64_t version = 1);

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_PLAYBOOKS_H_
