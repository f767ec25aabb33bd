#ifndef WAYMARK_SEGMENTATION_EXPRESSION_OVERLOADS_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_OVERLOADS_H_

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/expression/functions.h"
#include "segmentation/expression/type.h"

namespace waymark::expression {

// Whether a value of one type may be where the other is expected: the same type, or dyn on either side.
bool Compatible(const Type& a, const Type& b);

// The type that covers both: the same, or with dyn where they differ.
Type Join(const Type& a, const Type& b);

// What the static types of a call's arguments say.
struct OverloadChoice {
  int overload = 0;  // the first that fits
  Type result = Type::Dyn();
};

// nullopt where no overload fits.
absl::optional<OverloadChoice> ChooseOverload(const Function& function, absl::Span<const Type> arguments);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_OVERLOADS_H_
