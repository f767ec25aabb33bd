#ifndef WAYMARK_TESTS_CONFORMANCE_CEL_CASE_H_
#define WAYMARK_TESTS_CONFORMANCE_CEL_CASE_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/types/optional.h"
#include "segmentation/expression/arena.h"
#include "segmentation/expression/value.h"

namespace waymark::conformance {

// The value that a tagged JSON stands for, made in the arena: {"int":"1"}, {"double":"NaN"}, {"bytes_hex":"ff"},
// {"timestamp":[seconds, nanoseconds]}, {"list":[…]},
// {"map":[[key, value], …]}, {"type":"int"}. nullopt for anything else.
absl::optional<expression::Value> ValueOf(const nlohmann::json& tagged, expression::Arena& arena);

// Whether they are the same value of the same type: unlike CEL's ==, NaN is NaN, 0.0 is not -0.0, and 1 is not 1u.
bool Same(const expression::Value& a, const expression::Value& b);

// Evaluates one case ({"expr", "bindings", "disable_check", "expect"}). With `own`, holds it to what is no part of CEL:
// the static bound of its cost, and that its canonical text gives the same. Returns what is wrong; nullopt where it
// passes.
absl::optional<std::string> RunCase(const nlohmann::json& test_case, bool own);

}  // namespace waymark::conformance

#endif  // WAYMARK_TESTS_CONFORMANCE_CEL_CASE_H_
