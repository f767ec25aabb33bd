#include "segmentation/expression/type.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace waymark::expression {

std::string Type::ToString() const {
  if (dyn_) return "dyn";
  switch (kind_) {
    case Kind::kList:
      return absl::StrCat("list(", parameters_[0].ToString(), ")");
    case Kind::kMap:
      return absl::StrCat("map(", parameters_[0].ToString(), ", ", parameters_[1].ToString(), ")");
    case Kind::kTimestamp:
      return "timestamp";
    case Kind::kDuration:
      return "duration";
    case Kind::kNull:
      return "null";
    default:
      return std::string(KindName(kind_));
  }
}

}  // namespace waymark::expression
