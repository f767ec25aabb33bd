#ifndef WAYMARK_TESTS_FUZZ_REQUIRE_H_
#define WAYMARK_TESTS_FUZZ_REQUIRE_H_

#include <cstdio>
#include <cstdlib>
#include <string>

namespace waymark::fuzz {

// Where the condition does not hold: says so, and aborts, which libFuzzer takes as a finding.
inline void Require(bool condition, const char* what, const std::string& text) {
  if (condition) return;
  std::fprintf(stderr, "not so: %s\n%s\n", what, text.c_str());
  std::abort();
}

}  // namespace waymark::fuzz

#endif  // WAYMARK_TESTS_FUZZ_REQUIRE_H_
