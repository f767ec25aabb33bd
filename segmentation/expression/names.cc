#include "segmentation/expression/names.h"

#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "segmentation/expression/functions.h"
#include "segmentation/expression/suggestions.h"

namespace waymark::expression {
namespace {

constexpr absl::string_view kComprehensions[] = {"all", "exists", "exists_one", "filter", "map"};

}  // namespace

absl::optional<Kind> TypeNamed(absl::string_view name) {
  for (Kind kind : {Kind::kNull, Kind::kBool, Kind::kInt, Kind::kUint, Kind::kDouble, Kind::kString, Kind::kBytes,
                    Kind::kList, Kind::kMap, Kind::kTimestamp, Kind::kDuration, Kind::kType}) {
    if (name == KindName(kind)) return kind;
  }
  return absl::nullopt;
}

std::vector<std::string> LanguageNames() {
  std::vector<std::string> names = {"has"};
  for (absl::string_view macro : kComprehensions) names.emplace_back(macro);
  for (const Function& function : Functions()) {
    if (!function.is_operator()) names.emplace_back(function.name);
  }
  return names;
}

std::string UnknownFunctionMessage(absl::string_view name, bool receiver, absl::Span<const std::string> known) {
  const int other = FindFunction(name, !receiver);
  if (other >= 0) return absl::StrCat(name, "() is written ", Signature(Functions()[other].overloads[0]));
  if (absl::c_linear_search(kComprehensions, name)) return absl::StrCat(name, "() is written list.", name, "(x, …)");
  if (name == "has") return "has() takes one fact or field, as in has(customer.age)";
  return absl::StrCat("there is no function ", name, "()", DidYouMean(name, known));
}

}  // namespace waymark::expression
