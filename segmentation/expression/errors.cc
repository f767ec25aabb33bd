#include "segmentation/expression/errors.h"

#include <algorithm>

namespace waymark::expression {

Value MakeError(Arena& arena, ErrorCode code, std::initializer_list<absl::string_view> parts) {
  size_t size = 0;
  for (absl::string_view part : parts) size += part.size();
  char* const place = arena.Allocate<char>(size);
  char* end = place;
  for (absl::string_view part : parts) end = std::copy(part.begin(), part.end(), end);
  return Value::Error(code, absl::string_view(place, size));
}

Value NoSuchOverload(Arena& arena, absl::string_view what, absl::Span<const Value> operands) {
  if (operands.empty()) return MakeError(arena, ErrorCode::kNoSuchOverload, {what, " does not work without arguments"});
  if (operands.size() == 1) {
    return MakeError(arena, ErrorCode::kNoSuchOverload, {what, " does not work on ", KindName(operands[0].kind())});
  }
  return MakeError(arena, ErrorCode::kNoSuchOverload,
                   {what, " does not work on ", KindName(operands[0].kind()), " and ", KindName(operands[1].kind())});
}

}  // namespace waymark::expression
